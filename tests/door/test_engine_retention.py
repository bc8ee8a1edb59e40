"""How long a finished job is remembered, and what goes with it."""

from __future__ import annotations

from cluster import MakeCluster, domain_xml
from engine_checks import check_sound, submit_as

from pvc_core.model.operations import DefineVm, FlushNode, MigrateVm, ReadyNode, StartVm, StopVm
from pvc_core.store import tree
from pvc_tasks.retention import forget_old_jobs


def test_old_jobs_are_forgotten_with_all_their_traces(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(jobs={"keep_count": 10})
    uuid = cluster.run_vm("vm1", "hv1")
    for _ in range(4):
        cluster.run(MigrateVm(vm=uuid, target="hv2"))
        cluster.run(MigrateVm(vm=uuid, target="hv1"))
        cluster.run(FlushNode(node="hv1"))
        cluster.run(ReadyNode(node="hv1"))
    store = cluster.service.store
    before = store.names(tree.JOBS)
    forgotten = forget_old_jobs(cluster.service.world)
    kept = store.names(tree.JOBS)
    assert kept == before[-10:] and forgotten == len(before) - 10
    for root in (tree.BY_OBJECT, tree.BY_PARENT):
        for folder in store.names(root):
            assert set(store.names(f"{root}/{folder}")) <= set(kept)
            assert store.names(f"{root}/{folder}")
    assert cluster.run(StopVm(vm=uuid)).state == "succeeded"
    check_sound(cluster)


def test_an_unfinished_job_is_kept_whatever_its_age_and_its_key_with_it(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(jobs={"keep_count": 10})
    uuid = cluster.define("vm1", "hv1")
    cluster.kill_worker("hv1")
    waiting = submit_as(cluster, StartVm(vm=uuid), "key")
    for number in range(15):
        cluster.define(f"other{number}", "hv2")
    assert forget_old_jobs(cluster.service.world) > 0
    assert not cluster.service.job(waiting.id).state.finished
    assert submit_as(cluster, StartVm(vm=uuid), "key").id == waiting.id
    cluster.start_worker("hv1")
    assert cluster.finish(waiting).state == "succeeded"


def test_a_forgotten_key_may_be_used_again(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(jobs={"keep_count": 10})
    first = submit_as(cluster, DefineVm(xml=domain_xml("vm1")), "key")
    for number in range(15):
        cluster.define(f"other{number}", "hv2")
    forget_old_jobs(cluster.service.world)
    assert submit_as(cluster, DefineVm(xml=domain_xml("vm2")), "key").id != first.id
