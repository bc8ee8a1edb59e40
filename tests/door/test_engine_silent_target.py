"""P6: what nobody can see is never taken for gone."""

from __future__ import annotations

from math import inf

import pytest
from cluster import DoorCluster
from engine_checks import await_job, await_moving, check_explained, check_sound

from pvc_core.errors import WrongState
from pvc_core.model.operations import MigrateVm, StopVm
from pvc_core.store import tree
from pvc_core.store.documents import Seen


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
