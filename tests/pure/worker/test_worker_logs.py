"""The worker's own log file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from pvc_worker.logs import log_file, set_up_logs


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_each_line_is_in_the_file_and_names_its_process(tmp_path: Path) -> None:
    set_up_logs("info", "agent", tmp_path / "log")
    logging.getLogger("here").info("it works")
    assert log_file(tmp_path / "log").read_text().endswith("agent INFO here: it works\n")


def test_a_rotated_file_is_left_alone(tmp_path: Path) -> None:
    set_up_logs("info", "agent", tmp_path)
    logging.info("one")
    log_file(tmp_path).rename(tmp_path / "old")
    logging.info("two")
    assert log_file(tmp_path).read_text().endswith("two\n")


def test_without_a_place_to_write_the_worker_runs_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    set_up_logs("info", "agent", tmp_path / "file")
    assert "no log file can be written" in capsys.readouterr().err
