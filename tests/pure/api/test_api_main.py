"""pvc-api before it serves: its configuration, and what it logs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pvc_api.main import main
from pvc_api.server import ACCESS_FORMAT, AccessLog, Server
from pvc_core.config import Config, parse_config

THREE_FAULTS = """
cluster: not a name
zookeeper: {hosts: ["10.0.0.1"], password_file: /x}
redis: {host: h, password_file: /x}
api: {port: 0}
"""


def config(**api: Any) -> Config:
    part = {"host": "h", "password_file": "/x"}
    zookeeper = {"hosts": ["h:1"], "password_file": "/x"}
    return parse_config({"cluster": "test", "zookeeper": zookeeper, "redis": part, "api": api}, "test")


def test_a_file_with_three_faults_names_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pvc.yaml"
    file.write_text(THREE_FAULTS)
    with pytest.raises(SystemExit) as end:
        main(["--config", str(file)])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert "CONFIG_INVALID" in said
    assert all(fault in said for fault in ("  cluster: ", "  zookeeper.hosts: ", "  api.port: ", "remedy: "))


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--config", "/nowhere/pvc.yaml"])
    assert end.value.code == 2
    assert "/nowhere/pvc.yaml" in capsys.readouterr().err


def test_the_settings_reach_gunicorn() -> None:
    settings = Server(config(listen="::1", port=7777, processes=3, threads=5)).cfg
    assert (settings.bind, settings.workers, settings.threads) == (["[::1]:7777"], 3, 5)
    assert settings.worker_class_str == "gthread"
    assert settings.preload_app is False


def test_the_access_log_holds_neither_query_nor_new_lines() -> None:
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/x", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": "/a\nb"}
    environ |= {"QUERY_STRING": "token=secret", "HTTP_AUTHORIZATION": "Bearer secret"}
    log = AccessLog(Server(config()).cfg)
    took = SimpleNamespace(seconds=0, microseconds=1000)
    line = ACCESS_FORMAT % log.atoms(SimpleNamespace(status="200 OK", sent=3, headers=[]), [], environ, took)
    assert "/a%0Ab" in line
    assert "secret" not in line
    assert "\n" not in line
