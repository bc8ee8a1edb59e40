"""What hangs for good costs a restart; what only takes its time does not; works end when they are to."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from cluster import ME, DoorCluster, MakeCluster, MemoryLive
from storage import SlowBlocks, await_true, fill, running

from pvc_core.model.operations import AddSnapshot, RemoveVolume, RollBackSnapshot
from pvc_drivers.blocks.port import Tell
from pvc_worker.bench import Bench
from pvc_worker.jobs import STUCK_CODE, JobProcess
from pvc_worker.threads import Threads
from pvc_worker.works import ThreadWorks

HERE = Path(__file__).parent
LIMIT_S = 0.3


class DeafBlocks(SlowBlocks):
    """A long call asks nobody whether it shall end, as one of librbd that never returns."""

    def slowed(self, tell: Tell) -> Tell:
        return lambda done, total: self.going.wait() and None


class RollingBlocks(SlowBlocks):
    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        self.began += 1
        super().rollback_snapshot(pool, volume, name, self.slowed(tell))


def at_work(cluster: DoorCluster, job: str) -> list[str]:
    return [name for name, process in cluster.workers.items() if process.works.busy(job)]


def begin(cluster: DoorCluster, blocks: SlowBlocks) -> tuple[str, JobProcess]:
    """A job whose work is under way, and the process that does it."""
    blocks.going.clear()
    job = cluster.submit(RemoveVolume(pool="vms", volume="web")).id
    await_true(lambda: len(at_work(cluster, job)) == 1, "its work begins")
    return job, cluster.workers[at_work(cluster, job)[0]]


@contextmanager
def beside(step: Callable[[str], None]) -> Iterator[Bench]:
    """A bench on which a job is at work."""

    def advance(job: str, woken: bool) -> None:
        step(job)

    bench = Bench(advance, Threads().pool(2))
    bench.wake("slow")
    await_true(lambda: bench.at_work() == {"slow"}, "it is at work")
    yield bench
    bench.close(5.0)


def test_a_step_that_hangs_is_found() -> None:
    going = Event()
    with beside(lambda job: going.wait() and None) as bench:
        assert bench.overdue(LIMIT_S) is None
        await_true(lambda: bench.overdue(LIMIT_S) == "slow", "it is found")
        going.set()


def test_many_steps_that_are_each_in_time_are_not_taken_for_one_that_hangs() -> None:
    made: list[Bench] = []

    def take_steps(job: str) -> None:
        for _ in range(30):
            time.sleep(LIMIT_S / 10)
            for bench in made:
                bench.stepping(job)

    with beside(take_steps) as bench:
        made.append(bench)
        found = []
        while bench.at_work():
            found.append(bench.overdue(LIMIT_S))
        assert len(found) > 1 and set(found) == {None}


def test_a_work_that_does_not_end_when_it_is_asked_to_is_found() -> None:
    works, going = ThreadWorks(MemoryLive(), lambda job: None), Event()
    works.begin("deaf", lambda at: going.wait() and {}, 0.0)
    assert works.overdue(0.0) is None, "nobody has asked it"
    works.stop("deaf")
    assert works.overdue(LIMIT_S) is None
    await_true(lambda: works.overdue(LIMIT_S) == "deaf", "it is found")
    works.stop("deaf")
    assert works.overdue(LIMIT_S) == "deaf", "asked again it does not count anew"
    going.set()
    await_true(lambda: works.overdue(0.0) is None, "it has ended after all")


def test_a_cancelled_job_whose_work_hangs_makes_its_process_exit(tmp_path: Path) -> None:
    with running(tmp_path, fill(DeafBlocks())) as cluster:
        job, process = begin(cluster, cluster.blocks)  # type: ignore[arg-type]
        process.stuck_s = LIMIT_S
        assert process.find_stuck() == ""
        cluster.service.cancel(job, ME)
        await_true(lambda: f"the work of task {job}" in process.find_stuck(), "it is found")
        assert cluster.service.job(job).state == "cancelling"


def test_what_counts_as_stuck_is_more_than_the_slowest_call_may_take(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make_cluster(nodes=1)
    hypervisor = cluster.fleet.node("hv1")
    for patience_s in (10.0, 71.0, 500.0):
        monkeypatch.setattr(type(hypervisor), "patience_s", patience_s)
        assert cluster.workers["hv1"].node is not None
        process = JobProcess(cluster.world(cluster.config), cluster.workers["hv1"].node, hypervisor)
        assert process.stuck_s >= max(60.0, 2 * patience_s)


def test_a_process_with_a_step_that_hangs_exits_so_that_it_is_started_again(tmp_path: Path) -> None:
    """Its slots go with it; the supervisor starts the next one at once."""
    program = [sys.executable, str(HERE / "stuck_process.py"), str(tmp_path)]
    found = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == STUCK_CODE, found.stderr
    assert "a step of task" in found.stderr and "starting afresh" in found.stderr


def test_a_new_session_ends_the_works_of_the_first_one(tmp_path: Path) -> None:
    """From then on another coordinator may be at them."""
    with running(tmp_path, fill(RollingBlocks())) as cluster:
        assert isinstance(cluster.blocks, RollingBlocks)
        cluster.finish(cluster.submit(AddSnapshot(pool="vms", volume="web", snapshot="s")))
        cluster.blocks.going.clear()
        job = cluster.submit(RollBackSnapshot(pool="vms", volume="web", snapshot="s")).id
        await_true(lambda: len(at_work(cluster, job)) == 1, "its work begins")
        [first] = at_work(cluster, job)
        cluster.session(first).expire()
        await_true(lambda: len(at_work(cluster, job)) == 2, "another takes it over")
        cluster.session(first).reconnect()
        await_true(lambda: first not in at_work(cluster, job), "the first one ends")


def test_works_end_while_zookeeper_is_out_of_reach(make_cluster: MakeCluster, tmp_path: Path) -> None:
    blocks = fill(SlowBlocks())
    secret = str(tmp_path / "secret")
    zookeeper = {"hosts": ["nowhere:1"], "password_file": secret, "session_timeout_s": 0.4}
    with running(tmp_path, blocks, nodes=1, zookeeper=zookeeper) as cluster:
        job, process = begin(cluster, blocks)
        cluster.session("hv1").disconnect()
        assert process.works.busy(job), "it may be back in a moment"
        await_true(lambda: not process.works.busy(job), "it does not go on alone")
        began = blocks.began
        cluster.session("hv1").reconnect()
        await_true(lambda: blocks.began > began, "it begins again with the session")
        blocks.going.set()
        await_true(lambda: cluster.service.job(job).state == "succeeded", "it is done")


def test_a_cancelled_rollback_is_let_end_and_is_not_taken_for_one_that_hangs(tmp_path: Path) -> None:
    with running(tmp_path, fill(RollingBlocks())) as cluster:
        assert isinstance(cluster.blocks, RollingBlocks)
        cluster.finish(cluster.submit(AddSnapshot(pool="vms", volume="web", snapshot="s")))
        cluster.blocks.going.clear()
        job = cluster.submit(RollBackSnapshot(pool="vms", volume="web", snapshot="s"))
        await_true(lambda: len(at_work(cluster, job.id)) == 1, "its work begins")
        cluster.service.cancel(job.id, ME)
        await_true(lambda: cluster.service.job(job.id).epoch > job.epoch + 3, "it is looked at")
        [name] = at_work(cluster, job.id)
        assert cluster.workers[name].works.overdue(0.0) is None
        cluster.blocks.going.set()
        assert cluster.finish(job).state == "cancelled"
