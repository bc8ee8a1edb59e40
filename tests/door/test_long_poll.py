"""Following a task: an answer when something has happened to it, and not before."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from math import inf

import pytest
from cluster import ME, DoorCluster
from engine_checks import await_job, await_moving, check_sound

from pvc_core.model.job import Job
from pvc_core.model.operations import FlushNode
from pvc_tasks.service import Service

SWEEPS_S = 1.0
"""Time enough for several."""


@pytest.fixture
def in_line(cluster: DoorCluster) -> tuple[Job, Job]:
    """A flush that takes as long as it likes, and one of another node that waits for its lock."""
    cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    owner = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    return owner, await_job(cluster, cluster.submit(FlushNode(node="hv2")), state="waiting")


def test_a_task_that_only_stands_in_line_is_not_claimed(
    cluster: DoorCluster, in_line: tuple[Job, Job]
) -> None:
    time.sleep(SWEEPS_S)
    assert cluster.service.job(in_line[1].id) == in_line[1]


def test_it_takes_the_lock_although_nobody_tells_it(cluster: DoorCluster, in_line: tuple[Job, Job]) -> None:
    cluster.hints.lost = True
    cluster.service.cancel(in_line[0].id, ME)
    assert cluster.finish(in_line[1]).state == "succeeded"
    check_sound(cluster)


def test_a_poll_lasts_as_long_as_nothing_happens(cluster: DoorCluster, in_line: tuple[Job, Job]) -> None:
    """Even if somebody looks at the task meanwhile."""
    job, etag = cluster.service.await_job(in_line[1].id, 0, None)
    began = time.monotonic()
    cluster.workers["hv2"].bench.wake(job.id)
    after, now = cluster.service.await_job(job.id, SWEEPS_S, etag)
    assert now == etag and after.epoch == job.epoch + 1
    assert time.monotonic() - began >= SWEEPS_S


def test_it_is_answered_at_once_when_something_does(cluster: DoorCluster, in_line: tuple[Job, Job]) -> None:
    _, etag = cluster.service.await_job(in_line[1].id, 0, None)
    began = time.monotonic()
    cluster.service.cancel(in_line[1].id, ME)
    job, _ = cluster.service.await_job(in_line[1].id, 10, etag)
    assert job.state == "cancelled" and time.monotonic() - began < 2


def test_a_clock_that_is_set_back_makes_no_poll_longer(
    cluster: DoorCluster, in_line: tuple[Job, Job]
) -> None:
    class SetBack:
        def __init__(self) -> None:
            self.hours = count(1)

        def now(self) -> float:
            return time.time() - 3600 * next(self.hours)

    service = Service(replace(cluster.service.world, clock=SetBack()))
    _, etag = service.await_job(in_line[1].id, 0, None)
    began = time.monotonic()
    service.await_job(in_line[1].id, 0.3, etag)
    assert time.monotonic() - began < 2


def test_many_who_follow_the_same_task_hang_one_watch(cluster: DoorCluster, in_line: tuple[Job, Job]) -> None:
    hung = []
    home = cluster.service.store.home
    watch = home.watch_value
    home.watch_value = lambda path, bell: (hung.append(path), watch(path, bell))[1]  # type: ignore[method-assign]
    _, etag = cluster.service.await_job(in_line[1].id, 0, None)
    for _ in range(20):
        cluster.service.await_job(in_line[1].id, 0.02, etag)
    assert len(hung) == 1
