"""One node's file: every fault is named at once, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pvc_core.config import load_config, parse_config, read_secret
from pvc_core.errors import ConfigInvalid

SAMPLE = Path(__file__).parents[3] / "config" / "pvc.sample.yaml"
SOUND: dict[str, Any] = {
    "cluster": "test",
    "zookeeper": {"hosts": ["zk1:2181"], "password_file": "/x"},
    "redis": {"host": "r", "password_file": "/y"},
}


def faults(document: Any) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(document, "pvc.yaml")
    assert caught.value.message.startswith("pvc.yaml: ")
    return list(caught.value.details["faults"])


def test_three_faults_in_a_file_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "pvc.yaml"
    broken = {**SOUND, "redis": {"host": "r", "password_file": "/y", "port": 99999}, "colour": "red"}
    broken["zookeeper"] = {"hosts": ["zk1"], "password_file": "/x"}
    file.write_text(yaml.safe_dump(broken))
    with pytest.raises(ConfigInvalid) as caught:
        load_config(file)
    found = {fault.split(":")[0] for fault in caught.value.details["faults"]}
    assert found == {"redis.port", "zookeeper.hosts", "colour"}
    assert str(file) in caught.value.message


def test_the_sample_is_sound_and_shows_the_defaults() -> None:
    shown = load_config(SAMPLE)
    bare = parse_config(SOUND, "bare")
    for section in ("worker", "hypervisor", "jobs", "logs", "subsystems"):
        assert getattr(shown, section) == getattr(bare, section), section
    assert set(yaml.safe_load(SAMPLE.read_text())) == set(type(shown).model_fields)


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_a_file_that_is_no_mapping_is_refused(document: Any) -> None:
    assert faults(document) == ["the file must hold a mapping of sections"]


def test_what_is_not_yaml_or_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: [1,\nb: {")
    for name, words in (("broken.yaml", "is not YAML"), ("missing.yaml", "cannot be read")):
        with pytest.raises(ConfigInvalid, match=words):
            load_config(tmp_path / name)


def test_a_node_may_not_have_a_name_that_is_a_path() -> None:
    assert any(
        fault.startswith("node.name") for fault in faults({**SOUND, "node": {"name": "a/b", "address": "x"}})
    )


def test_settings_never_change() -> None:
    with pytest.raises(Exception, match="frozen"):
        parse_config(SOUND, "x").jobs.keep_days = 1  # type: ignore[misc]


def test_a_secret_is_a_line_and_an_empty_one_is_none(tmp_path: Path) -> None:
    (tmp_path / "good").write_text(" word \n")
    (tmp_path / "empty").write_text("\n")
    assert read_secret(tmp_path / "good") == "word"
    for name in ("empty", "missing"):
        with pytest.raises(ConfigInvalid):
            read_secret(tmp_path / name)


def test_no_call_to_the_storage_may_last_as_long_as_a_step() -> None:
    for seconds in (0, 20.1, 600):
        (fault,) = faults({**SOUND, "storage": {"timeout_s": seconds}})
        assert fault.startswith("storage.timeout_s: ")
    assert parse_config({**SOUND, "storage": {"timeout_s": 20}}, "x").storage.timeout_s == 20
