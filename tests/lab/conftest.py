"""One cluster for all tests of this room; each finds it as if it were new."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_tool import leftovers, place_for_a_lab
from real_cluster import RealCluster

LOGS = Path(os.environ.get("PVC_LAB_LOGS", "build/lab-logs")).absolute()


@pytest.fixture(scope="session")
def running() -> Iterator[RealCluster]:
    with place_for_a_lab() as place:
        cluster = RealCluster(place)
        try:
            cluster.up()
            yield cluster
        finally:
            cluster.do("down")
        assert leftovers(place) == []
        assert "lab" not in cluster.pvc("connection", "list").stdout


@pytest.fixture
def real(request: pytest.FixtureRequest, running: RealCluster) -> Iterator[RealCluster]:
    """The cluster: everything up, no VM, all nodes ready. The logs of a failed test are kept."""
    failed_before, place = request.session.testsfailed, LOGS / re.sub(r"\W+", "-", request.node.name)
    try:
        running.reset()
    except BaseException:
        keep_logs(running, place)
        raise
    yield running
    if request.session.testsfailed > failed_before:
        keep_logs(running, place)


def keep_logs(cluster: RealCluster, place: Path) -> None:
    """What the lab wrote, and what it says of itself and of its jobs."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for source in (cluster.layout.log, *(node.log for node in cluster.layout.nodes)):
        shutil.copytree(source, place / source.relative_to(cluster.root), dirs_exist_ok=True)
    for name, words in {"tasks": ("task", "list", "--format", "yaml"), "status": ("status",)}.items():
        done = cluster.pvc(*words)
        (place / f"{name}.txt").write_text(done.stdout + done.stderr)
    (place / "parts.txt").write_text(cluster("status").stdout)
