"""The API over a fake service: what only the doors themselves decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_service import FakeService
from flask.testing import FlaskClient
from serving import Run, pvc, serve

from pvc_api.app import create_app
from pvc_cli import connections
from pvc_core.config import Config, parse_config


@pytest.fixture
def config() -> Config:
    secret = "/nonexistent"
    document: dict[str, Any] = {
        "cluster": "test",
        "zookeeper": {"hosts": ["127.0.0.1:1"], "password_file": secret},
        "redis": {"host": "127.0.0.1", "password_file": secret},
        "api": {"max_body_kib": 512, "threads": 4},
    }
    return parse_config(document, "test")


@pytest.fixture
def fake() -> FakeService:
    return FakeService()


@pytest.fixture
def http(config: Config, fake: FakeService) -> FlaskClient:
    return create_app(config, fake).test_client()  # type: ignore[arg-type]


@pytest.fixture
def address(config: Config, fake: FakeService) -> Iterator[str]:
    with serve(create_app(config, fake)) as found:  # type: ignore[arg-type]
        yield found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for the CLI's connections."""
    monkeypatch.setenv("PVC_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("PVC_CONNECTION", raising=False)
    return tmp_path


@pytest.fixture(name="pvc")
def pvc_as_admin(address: str, home: Path) -> Run:
    connections.add("test", connections.Connection(address, "admin-token"))
    return pvc
