"""The file of connections: private, whole, and never guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest

from pvc_cli import connections
from pvc_cli.connections import Connection
from pvc_core.errors import AlreadyExists, InvalidRequest, NotFound

ONE = Connection("http://127.0.0.1:7370", "secret")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PVC_CONFIG_DIR", str(tmp_path / "pvc"))
    return tmp_path / "pvc"


def test_only_its_owner_can_read_it(home: Path) -> None:
    connections.add("lab", ONE)
    assert (home / "connections.yaml").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in home.iterdir()] == ["connections.yaml"]


def test_the_only_one_is_the_default() -> None:
    connections.add("lab", ONE)
    assert connections.choose(None) == ("lab", ONE)


def test_among_several_none_is_guessed() -> None:
    connections.add("lab", ONE)
    connections.add("prod", ONE)
    with pytest.raises(InvalidRequest, match="lab, prod"):
        connections.choose(None)
    assert connections.choose("prod") == ("prod", ONE)


def test_none_at_all_says_how_to_add_one() -> None:
    with pytest.raises(InvalidRequest) as caught:
        connections.choose(None)
    assert "pvc connection add" in caught.value.remedy


def test_an_unknown_name() -> None:
    for act in (connections.choose, connections.remove):
        with pytest.raises(NotFound):
            act("nowhere")


def test_a_name_is_given_once() -> None:
    connections.add("lab", ONE)
    with pytest.raises(AlreadyExists):
        connections.add("lab", ONE)


def test_removed_is_gone() -> None:
    connections.add("lab", ONE)
    connections.remove("lab")
    assert connections.load() == {}


def test_a_new_token_replaces_the_old() -> None:
    connections.add("lab", ONE)
    connections.store_token("lab", "new")
    assert connections.load()["lab"] == Connection(ONE.address, "new")


def test_a_cluster_may_have_several_addresses(home: Path) -> None:
    several = Connection(ONE.address, "secret", ("http://10.0.0.12:7370", "https://api"))
    connections.add("lab", several)
    assert connections.load() == {"lab": several} and len(several.addresses) == 3
    connections.store_token("lab", "new")
    assert connections.load()["lab"].others == several.others
    with pytest.raises(InvalidRequest, match="ftp://h"):
        connections.add("bad", Connection(ONE.address, "secret", ("ftp://h",)))


def test_a_file_from_before_is_read(home: Path) -> None:
    home.mkdir()
    (home / "connections.yaml").write_text("lab: {address: 'http://127.0.0.1:7370', token: secret}\n")
    assert connections.load() == {"lab": ONE}


@pytest.mark.parametrize(
    "address", ["", "host:7370", "ftp://host", "http://", "http://a b", "http://u@h", "http://h?x"]
)
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest):
        connections.add("lab", Connection(address, "secret"))


@pytest.mark.parametrize("name", ["", "a/b", "..", "-c", "a b"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        connections.add(name, ONE)


@pytest.mark.parametrize(
    "text", ["[", "- a", "text", "lab: 3", "lab: {address: x}", "lab: {a: 1, b: 2}", "\udcff"]
)
def test_a_damaged_file_is_named(home: Path, text: str) -> None:
    home.mkdir()
    (home / "connections.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InvalidRequest, match=r"connections\.yaml"):
        connections.load()
