"""One cluster for all tests of this room; each finds it as if it were new."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from lab_tool import LAB
from real_cluster import RealCluster, in_a_lab

LOGS = Path(os.environ.get("PVC_LAB_LOGS", "build/lab-logs")).absolute()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test of this room can be forgotten: one without the mark would never be entered."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            for mark in LAB:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def running() -> Iterator[RealCluster]:
    with in_a_lab(RealCluster) as cluster:
        yield cluster


@pytest.fixture
def real(running: RealCluster) -> RealCluster:
    """The cluster: everything up, no VM, all nodes ready."""
    running.reset()
    return running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The logs of a failed test are kept, whichever cluster it had."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        clusters = {one.root: one for one in item.funcargs.values() if isinstance(one, RealCluster)}
        for cluster in (one for one in clusters.values() if (one.root / "lab.json").exists()):
            keep_logs(cluster, LOGS / re.sub(r"\W+", "-", item.name))
    return report


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
