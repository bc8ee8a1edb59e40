"""A stopped VM becomes what it was, wholly: or it is not started, and says why."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster
from engine_checks import Doom, check_sound
from snapshots import StumblingBlocks, define, keep, roll_back, run, vm_xml
from volumes import slip_in

from pvc_core.decide.transitions import HalfRolledBack
from pvc_core.errors import NotFound, VolumeInUse, WrongState
from pvc_core.model.job import Job
from pvc_core.model.metadata import Tag
from pvc_core.model.operations import (
    AddVmSnapshot,
    AddVmTag,
    MetaVm,
    ModifyVm,
    RemoveVmSnapshot,
    RenameVm,
    RollBackVm,
    StartVm,
    StopVm,
)
from pvc_core.store.look import load_vm, look_at_cluster

ARRIVES = pytest.mark.parametrize("arrives", [False, True], ids=["before", "after"])


@pytest.fixture
def blocks() -> StumblingBlocks:
    return StumblingBlocks()


@pytest.fixture
def kept(storing: DoorCluster, blocks: StumblingBlocks) -> str:
    """The UUID of a stopped VM that was kept as `first`."""
    uuid = define(storing, "vm1")
    keep(storing, "vm1", "first")
    return uuid


def rolled(blocks: StumblingBlocks) -> list[str]:
    return [name.partition("@")[0] for name in blocks.rolled_back]


def test_disks_definition_and_metadata_are_as_they_were(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str
) -> None:
    before = storing.service.vm("vm1").spec
    storing.submit(MetaVm(vm="vm1", description="later", autorestart=True))
    storing.submit(AddVmTag(vm="vm1", tag="later"))
    storing.submit(ModifyVm(vm="vm1", xml=vm_xml("vm1", ("vms/web", "slow/archive")).replace("128", "256")))
    storing.submit(RenameVm(vm="vm1", new="shop"))
    job = roll_back(storing, "shop", "first")
    after = storing.service.vm("shop").spec
    assert after == before.but(name="shop")
    assert storing.service.vm_xml("shop") == storing.service.vm_xml("shop").replace("vm1", "shop")
    assert "128" in storing.service.vm_xml("shop") and "vms/db" in storing.service.vm_xml("shop")
    assert rolled(blocks) == ["vms/web", "vms/db"]
    assert "slow/archive is no disk of it any more" in job.result["warnings"][0]
    assert storing.run(StartVm(vm="shop")).state == "succeeded"
    check_sound(storing)


def test_a_running_vm_is_not_rolled_back(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    run(storing, "vm1")
    keep(storing, "vm1", "first")
    with pytest.raises(WrongState, match="not stopped"):
        storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    assert storing.run(StopVm(vm="vm1")).state == "succeeded"
    roll_back(storing, "vm1", "first")


def test_what_somebody_uses_is_not_rolled_back(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str
) -> None:
    blocks.open_volume("vms", "db", "10.9.9.9:0/1")
    with pytest.raises(VolumeInUse, match=r"10\.9\.9\.9"):
        storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    blocks.open_volume("vms", "db")
    slip_in(storing, define(storing, "vm2", ("slow/archive",)), "vms/db")
    with pytest.raises(VolumeInUse, match="VM vm2"):
        storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    assert blocks.rolled_back == [] and storing.service.vm("vm1").spec.rolling_back == ""


def test_what_its_guest_is_still_closing_is_waited_for(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest that was stopped a moment ago; somebody else is named before anything is begun."""
    monkeypatch.setattr("pvc_tasks.operations.volume_common.LOOK_AGAIN_S", 0.05)
    home = look_at_cluster(storing.service.store).nodes["hv1"].addresses[0]
    blocks.open_volume("vms", "db", f"{home}:0/7")
    job = storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "it waits for the guest's end")
    waiting = storing.service.job(job.id).waiting
    assert waiting is not None and "used by a client on hv1" in waiting.text and blocks.rolled_back == []
    blocks.open_volume("vms", "db")
    assert storing.finish(job).state == "succeeded"
    check_sound(storing)


def test_what_is_not_whole_is_not_gone_back_to(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str
) -> None:
    with pytest.raises(NotFound):
        storing.submit(RollBackVm(vm="vm1", snapshot="none"))
    blocks.remove_snapshot("vms", "db", blocks.names("db")[0][0])
    with pytest.raises(NotFound, match="not whole"):
        storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    assert storing.run(RemoveVmSnapshot(vm="vm1", snapshot="first")).state == "succeeded"


def half_roll_back(storing: DoorCluster, blocks: StumblingBlocks) -> Job:
    """Cancelled while its first volume is at work: that one is done to its end, and no other."""
    blocks.going.clear()
    job = storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    storing.await_true(lambda: blocks.rolling == ["web"], "the first volume is at work")
    storing.service.cancel(job.id, ME)
    blocks.going.set()
    return storing.finish(job)


def test_half_a_rollback_is_shown_and_not_started_and_can_be_finished(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str
) -> None:
    ended = half_roll_back(storing, blocks)
    assert ended.state == "cancelled" and "half rolled back" in ended.text
    assert [fault.code for fault in storing.service.vm("vm1").faults] == ["VM_HALF_ROLLED_BACK"]
    for request in (StartVm(vm="vm1"), AddVmSnapshot(vm="vm1", snapshot="second")):
        with pytest.raises(HalfRolledBack, match="first"):
            storing.submit(request)
    with pytest.raises(WrongState, match="half rolled back"):
        storing.submit(RemoveVmSnapshot(vm="vm1", snapshot="first"))
    roll_back(storing, "vm1", "first")
    assert storing.service.vm("vm1").faults == ()
    assert storing.run(StartVm(vm="vm1")).state == "succeeded"


def test_a_start_that_was_accepted_before_does_not_start_half_of_it(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str
) -> None:
    for name in storing.names:
        storing.kill_worker(name)
    start = storing.submit(StartVm(vm="vm1"))
    store = storing.service.store
    seen = load_vm(store, kept)
    store.commit(seen.save(seen.value.but(rolling_back="first")))
    storing.start_worker("hv1")
    ended = storing.finish(start)
    assert ended.error is not None and ended.error.code == "VM_HALF_ROLLED_BACK"
    assert storing.where(kept) == []


def test_the_worker_dies_halfway_and_another_finishes(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str
) -> None:
    blocks.going.clear()
    job = storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    storing.await_true(lambda: "worked_by" in storing.service.job(job.id).notes, "it works")
    worker = str(storing.service.job(job.id).notes["worked_by"]).split()[0]
    storing.await_true(lambda: len(blocks.rolling) == 1, "the first volume is at work")
    storing.kill_worker(worker)
    storing.await_true(lambda: len(blocks.rolling) == 2, "another process has taken it over")
    blocks.going.set()
    assert storing.finish(job).state == "succeeded"
    assert rolled(blocks) == ["vms/web", "vms/db"]


@ARRIVES
@pytest.mark.parametrize("commit", range(1, 8))
def test_it_survives_death_at_each_of_its_commits(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str, commit: int, arrives: bool
) -> None:
    storing.submit(MetaVm(vm="vm1", description="later"))
    storing.kill_worker("hv2")
    doom = Doom(storing, "hv1", commit, arrives)
    job = storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    storing.await_true(lambda: doom.struck or storing.service.job(job.id).state.finished, "the blow falls")
    storing.kill_worker("hv1")
    storing.start_worker("hv1")
    assert storing.finish(job).state == "succeeded"
    spec = storing.service.vm("vm1").spec
    assert (spec.rolling_back, spec.description, spec.tags) == ("", "", ())
    assert set(rolled(blocks)) == {"vms/web", "vms/db"}
    assert storing.run(StartVm(vm="vm1")).state == "succeeded"
    check_sound(storing)


def test_one_that_was_open_a_moment_ago_is_waited_for(
    storing: DoorCluster, blocks: StumblingBlocks, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.operations.vm_snapshot_rollback.LOOK_AGAIN_S", 0.05)
    blocks.going.clear()
    job = storing.submit(RollBackVm(vm="vm1", snapshot="first"))
    storing.await_true(lambda: blocks.rolling == ["web"], "the first volume is at work")
    blocks.open_volume("vms", "db", "10.0.0.1:0/7")
    blocks.going.set()
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "it waits for the second")
    blocks.open_volume("vms", "db")
    ended = storing.finish(job)
    assert ended.state == "succeeded" and ended.epoch < 30, "it was looked at without a pause"


def test_tags_come_back(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    define(storing, "vm1")
    storing.submit(AddVmTag(vm="vm1", tag="shop", protected=True))
    keep(storing, "vm1", "first")
    storing.submit(MetaVm(vm="vm1", description="later"))
    roll_back(storing, "vm1", "first")
    assert storing.service.vm("vm1").spec.tags == (Tag(name="shop", protected=True),)
