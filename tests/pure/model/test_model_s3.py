"""Where exports may be, by name and by configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pvc_core.config import StorageSection, parse_config
from pvc_core.errors import ConfigInvalid, InvalidRequest
from pvc_core.model.export import export_name, is_in_s3
from pvc_core.model.operations import ExportVmSnapshot
from pvc_drivers.exports.credentials import load_credentials
from pvc_drivers.exports.directory import DirectoryExports
from pvc_drivers.exports.opening import check_place, open_exports
from pvc_drivers.exports.s3 import S3Exports
from pvc_drivers.exports.s3_errors import S3NotConfigured, S3Refused, S3Unavailable, explain

SOUND: dict[str, Any] = {
    "cluster": "test",
    "zookeeper": {"hosts": ["zk1:2181"], "password_file": "/x"},
    "redis": {"host": "r", "password_file": "/y"},
}
PLACE: dict[str, Any] = {"endpoint": "https://s3.lab:7480", "bucket": "exports", "credentials_file": "/keys"}


def section(**changes: object) -> StorageSection:
    return parse_config({**SOUND, "storage": {"s3": {**PLACE, **changes}}}, "pvc.yaml").storage


def fault(**changes: object) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        section(**changes)
    (found,) = caught.value.details["faults"]
    return str(found.split(":")[0])


@pytest.mark.parametrize(
    ("place", "inside", "name"),
    [("web1", False, "web1"), ("s3:web1", True, "web1"), ("s3", False, "s3"), ("s3:s3", True, "s3")],
)
def test_a_name_tells_where(place: str, inside: bool, name: str) -> None:
    assert (is_in_s3(place), export_name(place)) == (inside, name)
    fields = {"vm": "web1", "snapshot": "monday", "directory": place}
    assert ExportVmSnapshot.parse(fields).directory == place


@pytest.mark.parametrize("place", ["s3:", "s3:/x", "s3:..", "s3://bucket/x", "S3:x", ":x", "s3:x ", "x:y"])
def test_what_is_no_name_is_refused_in_words(place: str) -> None:
    with pytest.raises(InvalidRequest, match="letters, digits"):
        ExportVmSnapshot.parse({"vm": "web1", "snapshot": "monday", "directory": place})


def test_each_name_has_its_home() -> None:
    assert isinstance(open_exports(section(), "web1"), DirectoryExports)
    found = open_exports(section(prefix="a/b"), "s3:web1")
    assert isinstance(found, S3Exports) and found.where("web1") == "s3://exports/a/b/web1"


def test_without_a_place_only_directories_are_known() -> None:
    bare = parse_config(SOUND, "bare").storage
    assert bare.s3 is None
    check_place(bare, "web1")
    for look in (check_place, open_exports):
        with pytest.raises(S3NotConfigured, match=r"storage\.s3"):
            look(bare, "s3:web1")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("endpoint", "s3.lab"),
        ("endpoint", "ftp://s3.lab"),
        ("endpoint", "http://user:password@s3.lab"),
        ("endpoint", "http://s3.lab/bucket"),
        ("bucket", ""),
        ("bucket", "Ex"),
        ("bucket", "a/b"),
        ("prefix", "/a"),
        ("prefix", "a/"),
        ("prefix", "a//b"),
        ("prefix", "../a"),
        ("region", "a b"),
        ("timeout_s", 0),
        ("secret_key", "in the wrong file"),
    ],
)
def test_a_fault_of_the_section_is_named(key: str, value: object) -> None:
    assert fault(**{key: value}) == f"storage.s3.{key}"


@pytest.mark.parametrize(
    "endpoint", ["http://10.0.0.1", "https://[fd00::1]:7480", "https://s3.eu.example.net/"]
)
def test_endpoints(endpoint: str) -> None:
    place = section(endpoint=endpoint, prefix="").s3
    assert place is not None and place.endpoint == endpoint


def test_an_answer_is_told_as_a_failure() -> None:
    place = section().s3
    assert place is not None
    assert isinstance(explain(place, "SlowDown", 400), S3Unavailable)
    assert isinstance(explain(place, "", 502), S3Unavailable)
    assert isinstance(explain(place, "NotImplemented", 501), S3Refused)
    assert isinstance(explain(place, "InsufficientStorage", 507), S3Refused)
    assert "/keys" in explain(place, "SignatureDoesNotMatch", 403).remedy


def test_keys_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.touch(mode=0o600)
    file.write_text("access_key: visible\nsecret_key: hidden\n")
    keys = load_credentials(file)
    assert (keys.access_key, keys.secret_key) == ("visible", "hidden")
    assert "visible" not in repr(keys) and "hidden" not in repr(keys)


@pytest.mark.parametrize("module", ["pvc_worker.jobs", "pvc_worker.agent", "pvc_api.app", "pvc_cli.main"])
def test_who_does_not_export_does_not_load_boto3(module: str) -> None:
    code = f"import sys, {module}; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
