"""What S3 alone may do to an export: refuse, fall silent, break off; and what of a key is ever told."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from export_homes import REAL, S3Home, made, section_of, write_keys

from pvc_core.config import S3Section
from pvc_core.errors import ConfigInvalid, PvcError
from pvc_core.model.export import BEGUN, MANIFEST
from pvc_drivers.exports.fake_s3 import FakeS3, Stored
from pvc_drivers.exports.s3 import S3Exports
from pvc_drivers.exports.s3_errors import S3Refused, S3Unavailable

CHUNK = "0/00000000.chunk"


@pytest.fixture
def fake() -> Iterator[FakeS3]:
    with FakeS3().serving() as found:
        yield found


@pytest.fixture
def exports(fake: FakeS3, tmp_path: Path) -> S3Exports:
    return S3Exports(section_of(fake, tmp_path))


def looks(exports: S3Exports) -> list[Callable[[], object]]:
    """Every way to ask."""
    return [
        lambda: exports.find("out", MANIFEST),
        lambda: exports.sha256("out", MANIFEST),
        lambda: exports.put("out", MANIFEST, [b"x"]),
        lambda: exports.put_first("out", BEGUN, b"x"),
        exports.names,
    ]


def refusal(look: Callable[[], object], kind: type[PvcError] = S3Refused) -> PvcError:
    with pytest.raises(kind) as caught:
        look()
    error: PvcError = caught.value
    assert error.remedy and error.code.startswith("OBJECT_STORE_")
    told = "".join(traceback.format_exception(error))
    assert "hidden" not in told and "AKFAKE" not in told and "secret_" not in error.message
    return error


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "InvalidAccessKeyId", "access key"),
        (403, "SignatureDoesNotMatch", "secret key"),
        (403, "AccessDenied", "does not let this key work in bucket exports"),
        (404, "NoSuchBucket", "no bucket exports"),
        (400, "AuthorizationHeaderMalformed", "another region"),
        (403, "RequestTimeTooSkewed", "clock"),
        (403, "QuotaExceeded", "no room"),
        (405, "MethodNotAllowed", "refused it: MethodNotAllowed"),
    ],
)
def test_a_refusal_is_told_with_its_remedy(
    fake: FakeS3, exports: S3Exports, status: int, code: str, words: str
) -> None:
    fake.refusing = (status, code)
    for look in (looks(exports)[0], *looks(exports)[2:]):
        error = refusal(look)
        assert words in error.message and fake.url in error.message and not error.retryable


def test_a_bare_refusal_of_a_head_is_one(fake: FakeS3, exports: S3Exports) -> None:
    """Such an answer has no body that could give a reason."""
    fake.refusing = (403, "")
    assert "bucket exports" in refusal(lambda: exports.sha256("out", MANIFEST)).message


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")]
)
def test_a_busy_place_is_asked_again_and_then_given_up_for_a_while(
    fake: FakeS3, exports: S3Exports, status: int, code: str
) -> None:
    fake.refusing = (status, code)
    assert refusal(lambda: exports.find("out", MANIFEST), S3Unavailable).retryable
    assert 1 < len(fake.asked) <= 3


def test_a_silent_place_is_not_waited_for_without_end(fake: FakeS3, tmp_path: Path) -> None:
    exports = S3Exports(section_of(fake, tmp_path, timeout_s=0.3))
    fake.answering.clear()
    since = time.monotonic()
    for look in looks(exports):
        assert fake.url in refusal(look, S3Unavailable).message
    assert time.monotonic() - since < 5 * 12


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "http://nowhere.invalid"])
def test_nobody_there(fake: FakeS3, tmp_path: Path, endpoint: str) -> None:
    exports = S3Exports(section_of(fake, tmp_path, endpoint=endpoint))
    assert f"{endpoint} does not answer" in refusal(exports.names, S3Unavailable).message


def test_no_certificate_to_trust(fake: FakeS3, tmp_path: Path) -> None:
    exports = S3Exports(section_of(fake, tmp_path, endpoint=fake.url.replace("http:", "https:")))
    assert "ca_file" in refusal(exports.names).remedy
    missing = S3Exports(section_of(fake, tmp_path, ca_file=str(tmp_path / "none")))
    with pytest.raises(ConfigInvalid, match="ca_file"):
        missing.names()


def test_what_breaks_off_is_asked_for_again(fake: FakeS3, exports: S3Exports) -> None:
    exports.put("out", CHUNK, [b"x" * 100_000])
    fake.torn = 2
    assert exports.find("out", CHUNK) == b"x" * 100_000
    fake.torn = 100
    refusal(lambda: exports.find("out", CHUNK), S3Unavailable)


def test_a_checksum_is_known_without_reading_what_it_is_of(fake: FakeS3, exports: S3Exports) -> None:
    sha256 = exports.put("out", CHUNK, [b"data"])
    fake.asked.clear()
    assert exports.sha256("out", CHUNK) == sha256
    assert fake.asked == [f"HEAD out/{CHUNK}"]


def test_what_somebody_else_put_there_is_read(fake: FakeS3, exports: S3Exports) -> None:
    sha256 = exports.put("out", CHUNK, [b"data"])
    known = fake.held[f"out/{CHUNK}"]
    fake.held[f"out/{CHUNK}"] = Stored(b"data")
    assert exports.sha256("out", CHUNK) == sha256
    fake.held[f"out/{CHUNK}"] = Stored(b"other data", known.metadata)
    assert exports.sha256("out", CHUNK) not in (sha256, None)


def test_a_service_without_conditions_will_do(fake: FakeS3, exports: S3Exports) -> None:
    fake.knows_conditions = False
    assert exports.put_first("out", BEGUN, b"first") == b"first"
    assert exports.put_first("out", BEGUN, b"second") == b"first"


def test_other_bytes_than_were_signed_are_refused(fake: FakeS3, exports: S3Exports) -> None:
    """So what is kept beside an object is true of it."""
    client = exports._client

    def spoil(request: object, **_: object) -> None:
        request.body = b"spoilt!"  # type: ignore[attr-defined]

    client.meta.events.register("before-send.s3.PutObject", spoil)
    assert "other bytes" in refusal(lambda: exports.put("out", CHUNK, [b"genuine"])).message
    assert fake.held == {}


def test_what_the_machine_knows_of_s3_does_not_count(
    exports: S3Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    assert exports.names() == []


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("access_key: AKFAKE\nsecret_key: hidden\n", 0o640, "others than its owner"),
        ("access_key: AKFAKE\nsecret_key: hidden\n", 0o604, "others than its owner"),
        ("access_key: AKFAKE\n", 0o600, "two lines"),
        ("access_key: AKFAKE\nsecret_key: 7\n", 0o600, "two lines"),
        ("access_key: {hidden\n", 0o600, "two lines"),
        ("hidden", 0o600, "two lines"),
        ("", 0o600, "two lines"),
    ],
)
def test_keys_that_cannot_be_used(fake: FakeS3, tmp_path: Path, text: str, mode: int, words: str) -> None:
    section = section_of(fake, tmp_path)
    section.credentials_file.write_text(text)
    section.credentials_file.chmod(mode)
    with pytest.raises(ConfigInvalid, match=words) as caught:
        S3Exports(section).names()
    told = "".join(traceback.format_exception(caught.value))
    assert "hidden" not in told and "AKFAKE" not in told and caught.value.remedy


def test_keys_that_are_not_there(fake: FakeS3, tmp_path: Path) -> None:
    section = section_of(fake, tmp_path)
    section.credentials_file.unlink()
    with pytest.raises(ConfigInvalid, match="No such file"):
        S3Exports(section).names()


@pytest.mark.parametrize("wrong", ["access", "secret", "bucket"])
@pytest.mark.parametrize("kind", [pytest.param("ceph", marks=REAL)])
def test_a_real_one_refuses_in_the_same_words(real: S3Section, tmp_path: Path, wrong: str, kind: str) -> None:
    known = dict(line.split(": ") for line in real.credentials_file.read_text().splitlines())
    change: dict[str, object] = {"bucket": "nowhere"} if wrong == "bucket" else {}
    if wrong != "bucket":
        keys = {**known, f"{wrong}_key": "hidden" * 7}
        change = {"credentials_file": write_keys(tmp_path / "keys", **keys)}
    exports = S3Exports(real.model_copy(update=change))
    for look in (looks(exports)[0], *looks(exports)[2:]):
        assert {"access": "access key", "secret": "secret key", "bucket": "bucket"}[wrong] in refusal(
            look
        ).message


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Section]:
    with made("ceph", tmp_path_factory.mktemp("home")) as home:
        assert isinstance(home, S3Home)
        yield home.section
