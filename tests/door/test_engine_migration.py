"""A migration ends with the VM running in exactly one place, and the records saying so."""

from __future__ import annotations

from math import inf

import pytest
from cluster import ME, DoorCluster
from engine_checks import await_job, await_moving, check_explained, check_sound, children_of

from pvc_core.errors import NoPlacement, NotFound, WrongState
from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode, StopVm
from pvc_core.model.vm import MigrationMethod
from pvc_core.store import tree
from pvc_core.store.documents import Seen


def test_a_failed_migration_leaves_the_vm_where_it_ran_and_says_why(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.fail_migrations["vm1"] = 1
    job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert job.state == "failed" and job.error is not None and job.error.code == "MIGRATION_FAILED"
    assert "unexpectedly failed" in job.text and "runs on hv1" in job.text
    assert cluster.where(uuid) == ["hv1"]
    check_sound(cluster)


def test_a_flush_tries_another_target_after_a_failure(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.fail_migrations["vm1"] = 1
    job = cluster.run(FlushNode(node="hv1"))
    first, second = children_of(cluster, job)
    assert (job.state, first.state, second.state) == ("succeeded", "failed", "succeeded")
    assert first.fields["target"] != second.fields["target"]
    assert cluster.where(uuid) == [second.fields["target"]]
    check_sound(cluster)


def test_when_every_migration_fails_the_node_is_not_called_flushed(cluster: DoorCluster) -> None:
    """The predecessor said `flushed`, with everybody aboard (fault 1)."""
    for number in range(3):
        cluster.run_vm(f"vm{number}", "hv1")
        cluster.fleet.faults.fail_migrations[f"vm{number}"] = 99
    job = cluster.run(FlushNode(node="hv1"))
    assert (job.state, cluster.service.node("hv1").state) == ("partial", "partial")
    left = {item["vm"]: item for item in job.result["left"]}
    assert set(left) == {"vm0", "vm1", "vm2"} and all(name in job.text for name in left)
    assert {item["code"] for item in left.values()} == {"MIGRATION_FAILED"}
    assert all("hv2" in item["message"] and "hv3" in item["message"] for item in left.values())
    assert all(item["remedy"] for item in left.values())
    check_sound(cluster)


def test_a_return_that_keeps_failing_gives_up_and_names_the_vm(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(FlushNode(node="hv1"))
    cluster.fleet.faults.fail_migrations["vm1"] = 99
    job = cluster.run(ReadyNode(node="hv1"))
    assert job.state == "partial"
    assert [(item["vm"], item["code"]) for item in job.result["left"]] == [("vm1", "MIGRATION_FAILED")]
    assert len(children_of(cluster, job)) <= 5 and cluster.where(uuid) != ["hv1"]
    assert cluster.service.node("hv1").state == "ready"
    check_sound(cluster)


def test_home_being_the_only_good_target_the_vm_goes_home(cluster: DoorCluster) -> None:
    """The predecessor shut it down instead (fault 7)."""
    uuid = cluster.run_vm("vm1", "hv1", autorestart=True)
    cluster.run(MigrateVm(vm=uuid, target="hv2"))
    cluster.run(FlushNode(node="hv3"))
    job = cluster.run(FlushNode(node="hv2"))
    assert job.state == "succeeded" and cluster.where(uuid) == ["hv1"]
    assert cluster.service.vm(uuid).spec.previous_node is None
    check_sound(cluster)


def test_a_forced_second_migration_keeps_the_home(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(MigrateVm(vm=uuid, target="hv2"))
    with pytest.raises(WrongState, match="away from its home hv1"):
        cluster.submit(MigrateVm(vm=uuid, target="hv3"))
    cluster.run(MigrateVm(vm=uuid, target="hv3", force=True))
    vm = cluster.service.vm(uuid).spec
    assert (vm.node, vm.previous_node) == ("hv3", "hv1")
    assert cluster.run(MigrateVm(vm=uuid, target="hv1")).state == "succeeded"
    assert cluster.service.vm(uuid).spec.previous_node is None
    check_sound(cluster)


def test_what_cannot_be_migrated_is_refused_before_anything_happens(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    stopped = cluster.define("vm2", "hv1")
    fixed = cluster.run_vm("vm3", "hv1", migration_method=MigrationMethod.NONE)
    big = cluster.run_vm("vm4", "hv1", 2500)
    cluster.run_vm("vm5", "hv2", 2500)
    bound = cluster.run_vm("vm6", "hv1", node_limit=("hv1",))
    refusals = [
        (MigrateVm(vm=uuid, target="hv1"), WrongState, "is on hv1 already"),
        (MigrateVm(vm=stopped), WrongState, "is stopped"),
        (MigrateVm(vm=fixed), WrongState, "migration method"),
        (MigrateVm(vm=uuid, target="hv9"), NotFound, "no node hv9"),
        (MigrateVm(vm="nobody"), NotFound, "no VM nobody"),
        (MigrateVm(vm=big, target="hv2"), NoPlacement, "MiB needed"),
        (MigrateVm(vm=bound), NoPlacement, "may run only on hv1"),
    ]
    before = cluster.service.store.names(tree.JOBS)
    for asked, kind, words in refusals:
        with pytest.raises(kind, match=words):
            cluster.submit(asked)
    assert cluster.service.store.names(tree.JOBS) == before
    check_sound(cluster)


def test_a_target_that_fills_up_between_plan_and_commit_is_not_overfilled(cluster: DoorCluster) -> None:
    """The child was made for hv2; by the time it reserves, a VM has been started there."""
    uuid = cluster.run_vm("vm1", "hv1", 2000)
    worker, rivals = cluster.workers["hv1"], []
    commit = worker.world.store.home.commit

    def first_let_a_rival_in(ops: list[object]) -> None:
        about_children = any("/by_parent/" in getattr(op, "path", "") for op in ops)
        commit(ops)  # type: ignore[arg-type]
        if about_children and not rivals:
            rivals.append(cluster.run_vm("rival", "hv2", 2500))

    worker.world.store.home.commit = first_let_a_rival_in  # type: ignore[method-assign,assignment]
    job = cluster.run(FlushNode(node="hv1"))
    assert job.state == "succeeded" and rivals
    assert (cluster.where(uuid), cluster.where(rivals[0])) == (["hv3"], ["hv2"])
    assert all(node.memory_free_mib >= 0 for node in cluster.service.nodes())
    check_sound(cluster)


def test_limits_are_kept_whatever_is_asked_for(cluster: DoorCluster) -> None:
    most = 0
    for number in range(9):
        cluster.run_vm(f"vm{number}", "hv1")
    job = cluster.submit(FlushNode(node="hv1", parallel=2))
    while not cluster.service.job(job.id).state.finished:
        most = max(most, len(cluster.fleet.node("hv1").moves))
    assert most == 2
    check_sound(cluster)


def test_a_migration_beyond_the_limits_waits_for_capacity_and_says_so(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(5)]
    for number in range(4):
        cluster.fleet.faults.slow_migrations[f"vm{number}"] = inf
    first = [cluster.submit(MigrateVm(vm=uuid, target="hv2")) for uuid in vms[:4]]
    await_moving(cluster, 4)
    last = await_job(cluster, cluster.submit(MigrateVm(vm=vms[4], target="hv3")), state="waiting")
    assert last.waiting is not None and last.waiting.kind == "capacity"
    check_explained(last)
    cluster.service.cancel(first[0].id, ME)
    assert cluster.finish(last).state == "succeeded"
    for job in first[1:]:
        cluster.service.cancel(job.id, ME)
        cluster.finish(job)
    check_sound(cluster)


def test_a_vm_that_went_away_with_its_target_is_recorded_there_and_started_nowhere_else(
    cluster: DoorCluster,
) -> None:
    """P6: its worker was gone when it arrived, and its target dies before it can say so."""
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.kill_worker("hv1")
    with cluster.fleet.lock:
        cluster.fleet.node("hv1").moves[uuid].end()
        cluster.agents.pop("hv2").stop()
    cluster.start_worker("hv1")
    shown = await_job(cluster, job, stage="confirming")
    check_explained(shown)
    seen = cluster.service.store.load(tree.job_ref(job.id))
    _pass_deadline(cluster, seen)
    ended = cluster.finish(job)
    assert ended.state == "failed" and ended.error is not None and ended.error.code == "EXPIRED"
    cluster.await_true(lambda: cluster.service.vm(uuid).seen == "unknown", "hv1 reports it gone")
    vm = cluster.service.vm(uuid).spec
    assert (vm.state, vm.node, vm.previous_node) == ("start", "hv2", "hv1")
    with pytest.raises(WrongState, match="does not answer"):
        cluster.submit(StopVm(vm=uuid))


def test_a_target_whose_libvirt_is_silent_proves_no_loss(cluster: DoorCluster) -> None:
    """Its agent goes on reporting, and what it reports is what it knew before."""
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.kill_worker("hv1")
    with cluster.fleet.lock:
        cluster.fleet.node("hv1").moves[uuid].end()
        cluster.fleet.hang("hv2")
    cluster.start_worker("hv1")
    await_job(cluster, job, stage="confirming")
    sequence = _sequence(cluster, "hv2")
    cluster.await_true(lambda: _sequence(cluster, "hv2") > sequence + 3, "hv2 reports, blind")
    assert not cluster.service.job(job.id).state.finished
    cluster.fleet.resume("hv2")
    assert cluster.finish(job).state == "succeeded"
    check_sound(cluster)


def _sequence(cluster: DoorCluster, node: str) -> int:
    return cluster.service.store.load(tree.node_report(node)).value.sequence


def _pass_deadline(cluster: DoorCluster, seen: Seen) -> None:  # type: ignore[type-arg]
    """The job's time is over now; it may be saved by its worker at the same moment."""

    def done() -> bool:
        fresh = cluster.service.store.load(seen.ref)
        try:
            cluster.service.store.commit(fresh.save(fresh.value.but(deadline=fresh.value.created)))
        except Exception:
            return False
        return True

    cluster.await_true(done, "the deadline is moved")
