"""Ending a task on the coordinators' common queue from outside: as long as one of their workers is there, it
brings the task to rest itself; and nothing goes on at work for a task that has ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import ME, DoorCluster
from storage import SlowBlocks, await_true, fill, running

from pvc_core.errors import WrongState
from pvc_core.model.job import Job
from pvc_core.model.operations import RemoveVolume, RenameVolume
from pvc_core.store import tree
from pvc_drivers.blocks.port import Tell
from pvc_tasks.consumers import workers_there
from pvc_worker.caretaker import Caretaker


class DeafBlocks(SlowBlocks):
    """A long call asks nobody whether it shall end."""

    def slowed(self, tell: Tell) -> Tell:
        def told(done: int, total: int) -> None:
            self.going.wait()
            tell(done, total)

        return told


def at_work(cluster: DoorCluster, job: str) -> list[str]:
    return [name for name, process in cluster.workers.items() if process.works.busy(job)]


def remove_web(cluster: DoorCluster) -> Job:
    """A task whose work is under way."""
    assert isinstance(cluster.blocks, SlowBlocks)
    cluster.blocks.going.clear()
    job = cluster.submit(RemoveVolume(pool="vms", volume="web"))
    await_true(lambda: len(at_work(cluster, job.id)) == 1, "its work begins")
    return job


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    """Clusters over some blocks; what is slow goes on in the end."""
    open_ones = []

    def make_one(blocks: SlowBlocks, **options: Any) -> DoorCluster:
        open_ones.append(running(tmp_path, fill(blocks), **options))
        return open_ones[-1].__enter__()

    yield make_one
    for each in open_ones:
        each.__exit__(None, None, None)


def test_a_task_that_a_living_coordinator_works_at_is_not_ended_by_force(make: Any) -> None:
    cluster = make(SlowBlocks())
    job = remove_web(cluster)
    with pytest.raises(WrongState, match=f"the worker of {at_work(cluster, job.id)[0]} is there"):
        cluster.service.cancel(job.id, ME, force=True)
    assert cluster.service.job(job.id).state == "running"
    assert cluster.service.store.names(tree.LOCKS) == ("volume:vms:web",)


def test_nor_is_one_whose_coordinator_is_gone_while_another_is_there(make: Any) -> None:
    cluster = make(SlowBlocks())
    job = remove_web(cluster)
    [first] = at_work(cluster, job.id)
    cluster.kill_worker(first)
    with pytest.raises(WrongState, match="is there"):
        cluster.service.cancel(job.id, ME, force=True)
    cluster.service.cancel(job.id, ME)
    assert cluster.finish(job).state == "cancelled"


def test_what_is_ended_by_force_all_the_same_is_not_worked_at_any_more(make: Any) -> None:
    """Its lock is free, and others may have the volume."""
    blocks = DeafBlocks()
    cluster = make(blocks)
    job = remove_web(cluster)
    [name] = at_work(cluster, job.id)
    cluster.service.cancel(job.id, ME)
    ended = cluster.service.cancel(job.id, ME, force=True)
    assert ended.state == "cancelled"
    assert f"the worker of {name} could not bring it to rest" in ended.text and "unknown" in ended.text
    assert cluster.run(RenameVolume(pool="vms", volume="web", new="precious")).state == "succeeded"
    works = cluster.workers[name].works
    await_true(lambda: works.overdue(0.0) == job.id, "it is asked to end")
    blocks.going.set()
    await_true(lambda: job.id not in works.known(), "it ends, and is forgotten")
    assert "precious" in [volume.name for volume in blocks.volumes("vms")]


def test_with_every_coordinators_worker_gone_it_is_ended_by_force(make: Any) -> None:
    cluster = make(SlowBlocks())
    job = remove_web(cluster)
    for name in cluster.names:
        cluster.kill_worker(name)
    ended = cluster.service.cancel(job.id, ME, force=True)
    assert ended.state == "cancelled" and "every coordinator's worker is gone" in ended.text
    assert cluster.service.store.names(tree.LOCKS) == ()


def test_a_worker_that_is_there_brings_its_expired_task_to_rest_itself(make: Any) -> None:
    blocks = DeafBlocks()
    cluster = make(blocks, jobs={"deadline_s": 0.5})
    job = remove_web(cluster)
    cluster.await_true(lambda: cluster.service.world.clock.now() > job.deadline, "its time is over")
    Caretaker(cluster.service.world).take_care()
    assert cluster.service.job(job.id).state == "running"
    assert cluster.service.store.names(tree.LOCKS) == ("volume:vms:web",)
    works = cluster.workers[at_work(cluster, job.id)[0]].works
    await_true(lambda: works.overdue(0.0) == job.id, "it is asked to end")
    blocks.going.set()
    ended = cluster.finish(job)
    assert (
        ended.error is not None and ended.error.code == "EXPIRED" and "part of it may be gone" in ended.text
    )


def test_a_coordinator_ends_an_expired_task_that_no_worker_is_there_for(make: Any) -> None:
    cluster = make(SlowBlocks(), jobs={"deadline_s": 0.5})
    job = remove_web(cluster)
    for name in cluster.names:
        cluster.kill_worker(name)
    cluster.await_true(lambda: cluster.service.world.clock.now() > job.deadline, "its time is over")
    Caretaker(cluster.service.world).take_care()
    ended = cluster.service.job(job.id)
    assert ended.error is not None and ended.error.code == "EXPIRED"
    assert "every coordinator's worker is gone" in ended.text


def test_only_coordinators_count(make: Any) -> None:
    cluster = make(SlowBlocks())
    store = cluster.service.store
    assert workers_there(store, "cluster") == ["hv1", "hv2"]
    seen = store.load(tree.node_spec("hv2"))
    store.commit(seen.save(seen.value.but(coordinator=False)))
    assert workers_there(store, "cluster") == ["hv1"]
    assert workers_there(store, "node.hv2") == ["hv2"]
