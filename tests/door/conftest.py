"""Fixtures of the door tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import DoorCluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DoorCluster]:
    found = DoorCluster(tmp_path).start()
    yield found
    found.stop()
