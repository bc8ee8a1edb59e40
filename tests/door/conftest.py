"""Fixtures of the door tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import DoorCluster, MakeCluster
from serving import connected
from storage import running

from pvc_drivers.blocks.fake import FakeBlocks


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking again is a matter of seconds in the product, and would be of minutes in its tests."""
    monkeypatch.setattr("pvc_tasks.engine.RETRY_S", 0.05)
    monkeypatch.setattr("pvc_tasks.operations.move_live.ADOPTED_LOOK_S", 0.05)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the CLI, which knows no cluster yet."""
    monkeypatch.setenv("PVC_CONFIG_DIR", str(tmp_path / "home"))
    monkeypatch.delenv("PVC_CONNECTION", raising=False)


@pytest.fixture
def address(cluster: DoorCluster) -> Iterator[str]:
    with connected(cluster) as found:
        yield found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DoorCluster]:
    found = DoorCluster(tmp_path).start()
    yield found
    found.stop()


@pytest.fixture
def storing(tmp_path: Path, blocks: FakeBlocks) -> Iterator[DoorCluster]:
    """Two nodes with the storage that a file makes for its tests, as the fixture `blocks`."""
    with running(tmp_path, blocks) as found:
        yield found


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[MakeCluster]:
    """A cluster of other size, speed or settings than `cluster`."""
    made: list[DoorCluster] = []

    def make(**options: object) -> DoorCluster:
        made.append(DoorCluster(tmp_path, **options).start())  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.stop()
