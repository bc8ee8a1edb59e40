"""What a node's agent sees becomes true in the records, by visible jobs."""

from __future__ import annotations

from contextlib import suppress

import pytest
from cluster import DoorCluster, domain_xml, make_config
from engine_checks import await_job, check_sound

from pvc_core.config import NodeSection
from pvc_core.errors import WrongState
from pvc_core.model.job import Job
from pvc_core.model.lock import LockRecord
from pvc_core.model.operations import AdoptVm, FlushNode, ReadyNode, StartVm, StopVm
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import look_at_cluster
from pvc_worker.agent import Agent


def jobs_by_agents(cluster: DoorCluster, operation: str) -> list[Job]:
    return [job for job in cluster.service.jobs(operation=operation) if job.actor.startswith("agent@")]


def end_guest(cluster: DoorCluster, node: str, uuid: str, reason: str) -> None:
    with cluster.fleet.lock:
        cluster.fleet.node(node).remove(uuid, reason)


def test_a_vm_found_running_elsewhere_is_adopted_and_keeps_its_home(cluster: DoorCluster) -> None:
    """Moved by hand, behind PVC's back."""
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.await_true(lambda: cluster.service.vm(uuid).seen_on == ("hv1",), "it was seen running")
    with cluster.fleet.lock:
        end_guest(cluster, "hv1", uuid, "migrated")
        cluster.fleet.node("hv2").start(domain_xml("vm1", uuid=uuid))
    cluster.await_true(lambda: cluster.service.vm(uuid).spec.node == "hv2", "hv2 adopts it")
    vm = cluster.service.vm(uuid).spec
    assert (vm.state, vm.previous_node) == ("start", "hv1")
    (job,) = jobs_by_agents(cluster, "vm.adopt")
    assert (job.actor, job.state, job.result["before"]["node"]) == ("agent@hv2", "succeeded", "hv1")
    assert "is recorded on hv1" in job.reason
    check_sound(cluster)


def test_a_guest_that_powers_itself_off_stays_off(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    end_guest(cluster, "hv1", uuid, "shutdown")
    cluster.await_true(lambda: cluster.service.vm(uuid).spec.state == "stop", "the records follow")
    assert len(jobs_by_agents(cluster, "vm.adopt")) == 1 and not jobs_by_agents(cluster, "vm.start")
    assert cluster.run(StartVm(vm=uuid)).state == "succeeded"
    check_sound(cluster)


def test_a_domain_destroyed_by_hand_is_for_people(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.await_true(lambda: cluster.service.vm(uuid).seen_on == ("hv1",), "it was seen running")
    end_guest(cluster, "hv1", uuid, "destroyed")
    cluster.await_true(
        lambda: [fault.code for fault in cluster.service.vm(uuid).faults] == ["VM_DOWN"], "it is named"
    )
    assert not jobs_by_agents(cluster, "vm.start") and not jobs_by_agents(cluster, "vm.recover")
    assert cluster.run(StartVm(vm=uuid)).state == "succeeded"
    check_sound(cluster)


def test_an_address_changed_in_the_configuration_is_on_record_once_the_agent_is_back(
    cluster: DoorCluster,
) -> None:
    cluster.agents.pop("hv2").stop()
    changed = NodeSection(name="hv2", address="10.0.0.2", cluster_address="10.1.0.2")
    config = make_config(cluster.tmp, "hv2", **cluster.sections)
    cluster.agents["hv2"] = Agent(cluster.world(config), changed, cluster.fleet.node("hv2"))
    cluster.agents["hv2"].start()
    cluster.await_true(
        lambda: cluster.service.node("hv2").cluster_address == "10.1.0.2", "migrations arrive there"
    )
    assert cluster.service.node("hv2").state == "ready"


def test_what_should_run_is_started_once_when_the_agent_starts(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.agents.pop("hv1").stop()
    end_guest(cluster, "hv1", uuid, "crashed")
    cluster.start_agent("hv1")
    cluster.await_true(lambda: cluster.where(uuid) == ["hv1"], "it is started")
    (job,) = jobs_by_agents(cluster, "vm.start")
    assert cluster.finish(job).state == "succeeded" and "should run on hv1" in job.reason
    check_sound(cluster)


def test_what_cannot_be_started_is_tried_once_in_the_life_of_an_agent(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.agents.pop("hv1").stop()
    end_guest(cluster, "hv1", uuid, "crashed")
    cluster.fleet.faults.refuse_starts["vm1"] = 99
    cluster.start_agent("hv1")
    cluster.await_true(lambda: len(jobs_by_agents(cluster, "vm.start")) == 1, "it is tried")
    (job,) = jobs_by_agents(cluster, "vm.start")
    assert cluster.finish(job).state == "failed"
    report = cluster.service.node("hv1").report_at
    cluster.await_true(lambda: (cluster.service.node("hv1").report_at or 0) > (report or 0) + 0.5, "reports")
    assert len(jobs_by_agents(cluster, "vm.start")) == 1
    assert [fault.code for fault in cluster.service.vm(uuid).faults] == ["VM_DOWN"]


def test_a_vm_a_job_holds_when_the_agent_starts_is_started_once_the_job_has_ended(
    cluster: DoorCluster,
) -> None:
    """A power cut in the middle of something: the job must end first, and then the VM is still down."""
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.agents.pop("hv1").stop()
    cluster.kill_worker("hv1")
    end_guest(cluster, "hv1", uuid, "crashed")
    store = cluster.service.store
    ref = lock_ref(f"vm.{uuid}")
    store.commit(ref.create(LockRecord(owner="20200101t000000-00000000", since=1)))
    cluster.start_agent("hv1")
    cluster.start_worker("hv1")
    first = cluster.service.node("hv1").report_at or 0
    cluster.await_true(lambda: (cluster.service.node("hv1").report_at or 0) > first, "it has reported")
    assert not jobs_by_agents(cluster, "vm.start")
    store.commit(store.load(ref).delete())
    cluster.await_true(lambda: cluster.where(uuid) == ["hv1"], "it is started after all")


def test_a_node_that_lost_its_power_gets_its_vms_back_by_itself(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(3)]
    cluster.agents.pop("hv1").stop()
    cluster.kill_worker("hv1")
    cluster.fleet.power_off("hv1")
    cluster.await_true(lambda: cluster.service.status().health == "critical", "it is noticed")
    cluster.fleet.power_on("hv1")
    cluster.start_agent("hv1")
    cluster.start_worker("hv1")
    cluster.await_true(lambda: all(cluster.where(uuid) == ["hv1"] for uuid in vms), "all run again")
    cluster.await_true(lambda: not cluster.service.jobs(state="unfinished"), "the starts have ended")
    check_sound(cluster)


def test_what_an_agent_saw_before_the_last_change_is_not_believed(cluster: DoorCluster) -> None:
    """It must not stop in the records what has been started meanwhile."""
    uuid = cluster.run_vm("vm1", "hv1")
    seen_at = look_at_cluster(cluster.service.store).vm_versions[uuid]
    cluster.run(StopVm(vm=uuid))
    cluster.run(StartVm(vm=uuid))
    with pytest.raises(WrongState, match="looked"):
        cluster.submit(AdoptVm(vm=uuid, node="hv1", seen="off", as_of=seen_at))
    assert cluster.service.vm(uuid).spec.state == "start"


def test_a_crowd_of_vms_is_adopted_together(cluster: DoorCluster) -> None:
    vms = {cluster.run_vm(f"vm{number}", "hv1"): f"vm{number}" for number in range(6)}
    cluster.await_true(lambda: all(cluster.service.vm(u).seen_on == ("hv1",) for u in vms), "all were seen")
    with cluster.fleet.lock:
        for uuid, name in vms.items():
            end_guest(cluster, "hv1", uuid, "migrated")
            cluster.fleet.node("hv2").start(domain_xml(name, uuid=uuid))
    cluster.await_true(lambda: all(cluster.service.vm(u).spec.node == "hv2" for u in vms), "all are adopted")
    check_sound(cluster)


def test_two_copies_are_shouted_about_and_left_for_an_admin(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.await_true(lambda: cluster.service.vm(uuid).seen_on == ("hv1",), "its node has reported it")
    cluster.fleet.node("hv2").start(domain_xml("vm1", uuid=uuid))
    cluster.await_true(lambda: len(cluster.service.vm(uuid).seen_on) == 2, "both are seen")
    cluster.await_true(
        lambda: [fault.code for fault in cluster.service.vm(uuid).faults] == ["VM_TWICE"], "it is named"
    )
    assert cluster.service.status().health == "critical"
    assert look_at_cluster(cluster.service.store).vms[uuid].node == "hv1"
    assert not jobs_by_agents(cluster, "vm.adopt")
    cluster.fleet.node("hv2").destroy(uuid)
    cluster.await_true(lambda: cluster.service.vm(uuid).faults == (), "one is left")


def test_of_two_copies_one_that_was_stopped_is_not_started_beside_the_other(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.node("hv2").start(domain_xml("vm1", uuid=uuid))
    cluster.await_true(lambda: len(cluster.service.vm(uuid).seen_on) == 2, "both are seen")
    assert cluster.run(StopVm(vm=uuid)).state == "succeeded"
    with suppress(WrongState):
        cluster.run(StartVm(vm=uuid))
    (left,) = cluster.where(uuid)
    cluster.await_true(lambda: cluster.service.vm(uuid).spec.node == left, "the other is recorded")
    check_sound(cluster)


def test_an_agent_that_returns_in_mid_flush_disturbs_nothing(cluster: DoorCluster) -> None:
    cluster.fleet.migration_s = 0.3
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(4)]
    job = cluster.submit(FlushNode(node="hv1"))
    await_job(cluster, job, stage="moving")
    for name in ("hv1", "hv2"):
        cluster.agents.pop(name).stop()
        cluster.start_agent(name)
    assert cluster.finish(job).state in ("succeeded", "partial")
    cluster.await_true(lambda: all(node.alive for node in cluster.service.nodes()), "all are back")
    assert not jobs_by_agents(cluster, "vm.start")
    assert all(len(cluster.where(uuid)) == 1 for uuid in vms)
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"


def test_an_agents_start_leaves_alone_what_was_stopped_meanwhile(cluster: DoorCluster) -> None:
    """It was asked for on an old look, and comes behind the stop in the line of the VM."""
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.await_true(lambda: cluster.service.vm(uuid).seen_on == ("hv1",), "it was seen running")
    cluster.hints.processes.pop("hv1").stop()
    end_guest(cluster, "hv1", uuid, "destroyed")
    cluster.await_true(lambda: cluster.service.vm(uuid).seen_on == (), "it was seen to be gone")
    stop, start = cluster.submit(StopVm(vm=uuid)), cluster.submit(StartVm(vm=uuid, recover=True))
    cluster.start_worker("hv1")
    assert cluster.finish(stop).state == "succeeded"
    assert "stays so" in cluster.finish(start).text
    assert (cluster.where(uuid), cluster.service.vm(uuid).spec.state) == ([], "stop")
    with pytest.raises(WrongState, match="is stopped"):
        cluster.submit(StartVm(vm=uuid, recover=True))
