"""P7: locks belong to jobs, their line is visible, none outlives its owner (predecessor faults 4, 6)."""

from __future__ import annotations

from math import inf

from cluster import ME, DoorCluster
from engine_checks import await_job, await_moving, check_sound

from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode, ShutdownVm, StopVm
from pvc_core.store import tree


def test_a_second_flush_waits_says_for_whom_and_at_which_place_then_runs(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1")
    cluster.run_vm("vm2", "hv2")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    first = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    second = await_job(cluster, cluster.submit(FlushNode(node="hv2")), state="waiting")
    third = await_job(cluster, cluster.submit(FlushNode(node="hv3")), state="waiting")
    for job, place in ((second, 1), (third, 2)):
        assert job.waiting is not None
        assert (job.waiting.kind, job.waiting.on, job.waiting.position) == ("lock", first.id, place)
        assert "lock flush" in job.waiting.text and first.id in job.waiting.text
    lock = cluster.service.status().locks[0]
    assert (lock.name, lock.owner, lock.waiters) == ("flush", first.id, (second.id, third.id))
    assert cluster.service.node("hv2").state == "ready"
    with cluster.fleet.lock:
        next(iter(cluster.fleet.node("hv1").moves.values())).end()
    assert cluster.finish(first).state == "succeeded"
    assert cluster.finish(second).state in ("succeeded", "partial")
    assert cluster.finish(third).state in ("succeeded", "partial")
    check_sound(cluster)


def test_the_line_moves_up_when_somebody_in_it_gives_up(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    first = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    second = await_job(cluster, cluster.submit(FlushNode(node="hv2")), state="waiting")
    third = await_job(cluster, cluster.submit(FlushNode(node="hv3")), state="waiting")
    cluster.service.cancel(second.id, ME)

    def at_first_place() -> bool:
        waiting = cluster.service.job(third.id).waiting
        return waiting is not None and waiting.position == 1

    cluster.await_true(at_first_place, "the third is next in line")
    cluster.service.cancel(first.id, ME)
    assert cluster.finish(third).state == "succeeded"
    check_sound(cluster)


def test_the_dead_owner_of_a_lock_is_named_and_its_lock_freed_by_force(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    first = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    cluster.kill_worker("hv1")
    second = await_job(cluster, cluster.submit(FlushNode(node="hv3")), state="waiting")
    assert second.waiting is not None and second.waiting.on == first.id
    cluster.service.cancel(first.id, ME, force=True)
    assert cluster.finish(second).state == "succeeded"
    assert "flush" not in cluster.service.store.names(tree.LOCKS)


def test_a_return_supersedes_the_flush_of_the_same_node(cluster: DoorCluster) -> None:
    done, stuck = cluster.run_vm("vm1", "hv1", 256), cluster.run_vm("vm2", "hv1")
    cluster.fleet.faults.slow_migrations["vm2"] = inf
    flush = cluster.submit(FlushNode(node="hv1"))
    cluster.await_true(lambda: cluster.where(done) != ["hv1"], "vm1 is away")
    await_moving(cluster)
    ready = cluster.run(ReadyNode(node="hv1"))
    loser = cluster.finish(flush)
    assert (ready.state, loser.state) == ("succeeded", "cancelled")
    assert loser.cancel is not None and loser.cancel.reason == f"superseded by task {ready.id}"
    assert cluster.where(done) == cluster.where(stuck) == ["hv1"]
    assert cluster.service.node("hv1").state == "ready"
    check_sound(cluster)


def test_what_supersedes_takes_the_place_of_what_makes_way(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    flush = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    other = await_job(cluster, cluster.submit(FlushNode(node="hv2")), state="waiting")
    back = cluster.submit(ReadyNode(node="hv1"))
    lock = next(lock for lock in cluster.service.status().locks if lock.name == "flush")
    line = [lock.owner, *lock.waiters]
    assert line.index(back.id) < line.index(other.id)
    assert cluster.finish(flush).state == "cancelled"
    assert cluster.finish(back).state == "succeeded"
    assert cluster.finish(other).state == "succeeded"
    check_sound(cluster)


def test_a_flush_supersedes_the_return_to_the_same_node(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(FlushNode(node="hv1"))
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    ready = cluster.submit(ReadyNode(node="hv1"))
    (away,) = cluster.where(uuid)
    await_moving(cluster, node=away)
    flush = cluster.run(FlushNode(node="hv1"))
    assert (flush.state, cluster.finish(ready).state) == ("succeeded", "cancelled")
    assert cluster.where(uuid) == [away]
    assert cluster.service.node("hv1").state == "flushed"
    check_sound(cluster)


def test_aborted_and_failed_migrations_leave_the_vm_free_for_the_next(cluster: DoorCluster) -> None:
    """Every aborted migration of the predecessor leaked a lock; later ones hung (fault 6)."""
    uuid = cluster.run_vm("vm1", "hv1")
    for _ in range(3):
        cluster.fleet.faults.slow_migrations["vm1"] = inf
        job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
        await_moving(cluster)
        cluster.service.cancel(job.id, ME)
        assert cluster.finish(job).state == "cancelled"
        cluster.fleet.faults.slow_migrations.clear()
        cluster.fleet.faults.fail_migrations["vm1"] = 1
        assert cluster.run(MigrateVm(vm=uuid, target="hv2")).state == "failed"
    assert cluster.run(MigrateVm(vm=uuid, target="hv2")).state == "succeeded"
    check_sound(cluster)


def test_jobs_on_one_vm_take_turns_in_the_order_they_came(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.3
    move = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    shutdown = cluster.submit(ShutdownVm(vm=uuid))
    await_job(cluster, shutdown, state="waiting")
    stop = cluster.submit(StopVm(vm=uuid))
    ended = [cluster.finish(job) for job in (move, shutdown, stop)]
    assert [job.state for job in ended] == ["succeeded"] * 3
    assert ended[1].queue == "node.hv2", "it followed the VM"
    assert [job.finished for job in ended] == sorted(job.finished or 0 for job in ended)
    check_sound(cluster)
