"""Fixtures of the contract tests: every port is tested in its fake and its real home."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from ensembles import Ensemble, MemoryEnsemble, ZookeeperEnsemble
from zookeeper_server import ZookeeperServer, absent

from pvc_core.store.port import Create, Home

_numbers = itertools.count()


@pytest.fixture(scope="session")
def zookeeper_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZookeeperServer]:
    if reason := absent():
        pytest.skip(reason)
    with ZookeeperServer(tmp_path_factory.mktemp("zookeeper")) as server:
        yield server


@pytest.fixture
def zookeeper(zookeeper_server: ZookeeperServer) -> Iterator[ZookeeperEnsemble]:
    ensemble = ZookeeperEnsemble(zookeeper_server, f"/contract/test-{next(_numbers)}")
    yield ensemble
    ensemble.close()


@pytest.fixture(params=["memory", "zookeeper"])
def ensemble(request: pytest.FixtureRequest) -> Ensemble:
    if request.param == "memory":
        return MemoryEnsemble()
    found: ZookeeperEnsemble = request.getfixturevalue("zookeeper")
    return found


@pytest.fixture
def home(ensemble: Ensemble) -> Home:
    """A session on an empty tree."""
    return ensemble.open()


@pytest.fixture
def vm(home: Home) -> Home:
    """The same with a small branch in it."""
    home.commit([Create("/vm"), Create("/vm/a", b"A"), Create("/vm/a/spec", b"S"), Create("/vm/a/xml", b"X")])
    return home
