"""One cluster for all tests of this room; each finds it as if it were new."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_cluster import RealCluster

LOGS = Path(os.environ.get("PVC_LAB_LOGS", "build/lab-logs")).absolute()


@pytest.fixture(scope="session")
def running() -> Iterator[RealCluster]:
    with tempfile.TemporaryDirectory(prefix="pvc-", dir=os.environ.get("PVC_TEST_LABS")) as directory:
        cluster = RealCluster(Path(directory) / "lab")
        try:
            cluster.up()
            yield cluster
        finally:
            cluster.lab("down")


@pytest.fixture
def real(request: pytest.FixtureRequest, running: RealCluster) -> Iterator[RealCluster]:
    """The cluster: everything up, no VM, all nodes ready. The logs of a failed test are kept."""
    failed_before = request.session.testsfailed
    running.reset()
    yield running
    if request.session.testsfailed > failed_before:
        keep_logs(running, LOGS / re.sub(r"\W+", "-", request.node.name))


def keep_logs(cluster: RealCluster, place: Path) -> None:
    """What the lab wrote, and what it says of itself and of its jobs."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for source in (cluster.layout.log, *(node.log for node in cluster.layout.nodes)):
        shutil.copytree(source, place / source.relative_to(cluster.root), dirs_exist_ok=True)
    for name, words in {"tasks": ("task", "list", "--format", "yaml"), "status": ("status",)}.items():
        done = cluster.pvc(*words)
        (place / f"{name}.txt").write_text(done.stdout + done.stderr)
    done = cluster.run("pvc-lab", "--dir", str(cluster.root), "status")
    (place / "parts.txt").write_text(done.stdout + done.stderr)
