"""A start with storage: nowhere while somebody on another machine has a disk of the VM open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster, domain_xml
from storage import fill, running
from test_vm_flush_locks import disk
from volumes import SlowEdits, hold_flatten, slip_in

from pvc_core.model.metadata import MigrationMethod
from pvc_core.model.operations import DefineVm, MigrateVm, RecoverVm, RestartVm, RollBackSnapshot, StartVm
from pvc_tasks.operations import open_elsewhere, vm_recover

ELSEWHERE = "hv2.lab:0/7"
LOOKS = 50
QUICK = {"crash": {"first_delay_s": 0.1, "max_delay_s": 0.1, "limit": 2}}


@pytest.fixture
def blocks() -> SlowEdits:
    return fill(SlowEdits())


@pytest.fixture
def storing(tmp_path: Path, blocks: SlowEdits, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorCluster]:
    """`web1` has a disk, and is stopped on hv1."""
    monkeypatch.setattr(open_elsewhere, "PATIENCE_S", 1.5)
    monkeypatch.setattr(open_elsewhere, "LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr(vm_recover, "TAKEN_LOOK_S", 0.05)
    xml = domain_xml("web1").replace("</domain>", f"<devices>{disk('vms/web', 'vda')}</devices></domain>")
    by_shutdown = MigrationMethod.SHUTDOWN
    with running(tmp_path, blocks, hypervisor=QUICK) as found:
        found.service.submit(DefineVm(xml=xml, node="hv1", migration_method=by_shutdown), ME)
        yield found


def runs_on(storing: DoorCluster) -> list[str]:
    """By what each node's libvirt says."""
    return [name for name in storing.names if any(one.active for one in storing.fleet.node(name).domains())]


def test_a_copy_that_may_run_elsewhere_is_named_and_nothing_is_started(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    blocks.open_volume("vms", "web", ELSEWHERE)
    job = storing.run(StartVm(vm="web1"))
    assert job.state == "failed" and job.error is not None
    assert job.error.code == "DISK_OPEN_ELSEWHERE"
    assert f"vms/web (by {ELSEWHERE} on hv2)" in job.error.message
    assert runs_on(storing) == [] and storing.service.vm("web1").spec.state == "stop"
    blocks.open_volume("vms", "web")
    assert storing.run(StartVm(vm="web1")).state == "succeeded" and runs_on(storing) == ["hv1"]


def test_a_disk_that_is_still_closing_is_waited_for(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.open_volume("vms", "web", ELSEWHERE)
    job = storing.submit(StartVm(vm="web1"))
    storing.await_true(lambda: "waits for them to be closed" in storing.service.job(job.id).text, "it waits")
    waiting = storing.service.job(job.id).waiting
    assert waiting is not None and waiting.on == "storage" and waiting.deadline is not None
    assert runs_on(storing) == []
    blocks.open_volume("vms", "web")
    assert storing.finish(job).state == "succeeded" and runs_on(storing) == ["hv1"]


@pytest.mark.parametrize("address", ["hv1.lab:0/7", "127.0.0.1:0/7"])
def test_what_is_open_here_is_libvirts_to_tell(storing: DoorCluster, blocks: SlowEdits, address: str) -> None:
    blocks.open_volume("vms", "web", address)
    assert storing.run(StartVm(vm="web1")).state == "succeeded"


def test_a_silent_storage_is_waited_for_and_the_start_can_be_cancelled(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    blocks.hanging = True
    job = storing.submit(StartVm(vm="web1"))
    storing.await_true(lambda: "has not answered in time" in storing.service.job(job.id).text, "it says so")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    assert runs_on(storing) == []
    blocks.hanging = False
    assert storing.run(StartVm(vm="web1")).state == "succeeded"


def test_moved_by_shutdown_it_starts_only_once_its_disks_are_closed(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    storing.run(StartVm(vm="web1"))
    blocks.open_volume("vms", "web", "hv1.lab:0/9")
    job = storing.submit(MigrateVm(vm="web1", target="hv2"))
    storing.await_true(lambda: "waits for them to be closed" in storing.service.job(job.id).text, "it waits")
    assert runs_on(storing) == []
    blocks.open_volume("vms", "web")
    assert storing.finish(job).state == "succeeded" and runs_on(storing) == ["hv2"]


def test_it_is_not_started_on_what_a_task_is_about_to_change(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.add_snapshot("vms", "db", "monday")
    blocks.going.clear()
    rolling = storing.submit(RollBackSnapshot(pool="vms", volume="db", snapshot="monday"))
    storing.await_true(lambda: blocks.tried > 0, "it is at work")
    slip_in(storing, "web1", "vms/web", "vms/db")
    job = storing.submit(StartVm(vm="web1"))
    words = f"web1 is not started yet: task {rolling.id} (storage.snapshot.rollback) is at work on vms/db"
    storing.await_true(lambda: storing.service.job(job.id).text == words, "it waits, and says for whom")
    waiting = storing.service.job(job.id).waiting
    assert waiting is not None and (waiting.kind, waiting.on) == ("lock", rolling.id)
    assert runs_on(storing) == []
    blocks.going.set()
    assert storing.finish(job).state == "succeeded"


def test_a_flatten_keeps_no_vm_down(storing: DoorCluster, blocks: SlowEdits) -> None:
    """It may be at work while a guest runs, and has a client that no guest has."""
    flattening = hold_flatten(storing, blocks, "web", "hv2")
    assert [one.address for one in blocks.volume("vms", "web").watchers] == ["127.0.0.2:0/1"]
    assert storing.run(StartVm(vm="web1")).state == "succeeded" and runs_on(storing) == ["hv1"]
    assert not storing.service.job(flattening.id).state.finished
    blocks.going.set()
    assert storing.finish(flattening).state == "succeeded"


def test_another_client_of_the_host_that_flattens_may_be_a_guest(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    hold_flatten(storing, blocks, "web", "hv2")
    with blocks.joined("vms", "web", "127.0.0.2:0/9"):
        job = storing.run(StartVm(vm="web1"))
    assert job.state == "failed" and job.error is not None
    assert "vms/web (by 127.0.0.2:0/9" in job.error.message and "0/1" not in job.error.message
    assert runs_on(storing) == []


def test_disks_open_elsewhere_are_no_crash_of_the_guest(storing: DoorCluster, blocks: SlowEdits) -> None:
    storing.run(StartVm(vm="web1"))
    uuid = storing.service.vm("web1").spec.uuid
    storing.fleet.node("hv1").destroy(uuid)
    blocks.open_volume("vms", "web", ELSEWHERE)
    job = storing.submit(RecoverVm(vm=uuid, crash="its QEMU process died"))
    storing.await_true(
        lambda: "a copy of it may be running" in storing.service.job(job.id).text, "it says so"
    )
    storing.await_true(lambda: storing.service.job(job.id).epoch > LOOKS, "it has looked again and again")
    spec = storing.service.vm("web1").spec
    assert (len(spec.crashes), spec.state, runs_on(storing)) == (1, "start", [])
    blocks.open_volume("vms", "web")
    assert storing.finish(job).state == "succeeded" and runs_on(storing) == ["hv1"]


def test_a_restart_needs_the_proof_as_well(storing: DoorCluster, blocks: SlowEdits) -> None:
    """Somebody moved it by hand, to a node whose agent is down: it is seen off, and is not."""
    storing.run(StartVm(vm="web1"))
    storing.fleet.node("hv1").destroy(storing.service.vm("web1").spec.uuid)
    blocks.open_volume("vms", "web", ELSEWHERE)
    job = storing.run(RestartVm(vm="web1"))
    assert job.state == "failed" and job.error is not None
    assert (job.error.code, runs_on(storing)) == ("DISK_OPEN_ELSEWHERE", [])
    assert storing.service.vm("web1").spec.state == "start", "that it is stopped is not proven"
    blocks.open_volume("vms", "web")
    assert storing.run(RestartVm(vm="web1")).state == "succeeded" and runs_on(storing) == ["hv1"]


def test_a_guest_that_was_stopped_for_its_restart_is_not_started_beside_a_copy(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    storing.run(StartVm(vm="web1"))
    blocks.open_volume("vms", "web", ELSEWHERE)
    job = storing.submit(RestartVm(vm="web1", force=True))
    storing.await_true(lambda: "waits for them to be closed" in storing.service.job(job.id).text, "it waits")
    assert runs_on(storing) == []
    blocks.open_volume("vms", "web")
    assert storing.finish(job).state == "succeeded" and runs_on(storing) == ["hv1"]
