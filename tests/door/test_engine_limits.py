"""Neither memory nor the limits of parallel migrations are ever exceeded, whoever is in a hurry."""

from __future__ import annotations

from math import inf

from cluster import ME, DoorCluster
from engine_checks import await_job, await_moving, check_explained, check_sound

from pvc_core.model.operations import FlushNode, MigrateVm


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
