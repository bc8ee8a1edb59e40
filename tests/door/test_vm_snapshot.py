"""A VM's disks are kept as of one moment, and its guest goes on whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster, domain_xml
from engine_checks import Doom, check_sound
from snapshots import CDROM, CHANNEL, StumblingBlocks, define, frozen, keep, only, run, state
from storage import running

from pvc_core.decide.transitions import NodeSilent, Seen, see
from pvc_core.decide.vm_snapshot import NoVolume, TooManySnapshots
from pvc_core.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    StorageRefused,
    StorageUnavailable,
    SubsystemOff,
    WrongState,
)
from pvc_core.model.job import Job
from pvc_core.model.operations import (
    AddVmSnapshot,
    DefineVm,
    FlushNode,
    MetaVm,
    MigrateVm,
    RemoveVmSnapshot,
    RenameVm,
    StopVm,
    UndefineVm,
)
from pvc_core.model.vm_snapshot import MOST_SNAPSHOTS, VmSnapshot
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_cluster

QUICK = {"timeout_s": 0.2}
ARRIVES = pytest.mark.parametrize("arrives", [False, True], ids=["before", "after"])


@pytest.fixture
def blocks() -> StumblingBlocks:
    return StumblingBlocks()


@pytest.fixture
def storing(tmp_path: Path, blocks: StumblingBlocks) -> Iterator[DoorCluster]:
    with running(tmp_path, blocks, storage=QUICK) as found:
        yield found
        blocks.allowed.set()


def check_kept(blocks: StumblingBlocks, kept: VmSnapshot) -> None:
    """Each volume has the snapshot that the record names, and none besides."""
    assert kept.state == "whole"
    assert {disk.path: disk.snapshot for disk in kept.disks} == {
        "vms/web": blocks.names("web")[0][0],
        "vms/db": blocks.names("db")[0][0],
    }
    assert [len(names) for names in blocks.names()] == [1, 1]


def test_the_guest_stands_still_while_its_disks_are_kept(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    uuid = run(storing, "vm1", more=CDROM)
    seen: list[str] = []
    blocks.before = lambda _: seen.append(state(storing, uuid))
    job = keep(storing, "vm1", "first")
    assert seen == ["paused", "paused"] and state(storing, uuid) == "running"
    assert job.result["consistent"] == "pause" and 0 <= job.result["pause_ms"] < 2000
    kept = only(storing, "vm1")
    check_kept(blocks, kept)
    assert (kept.consistent, kept.pause_ms, kept.job) == ("pause", job.result["pause_ms"], job.id)
    assert blocks.volume("slow", "archive").snapshots == ()
    check_sound(storing)


def test_an_agent_in_the_guest_holds_its_file_systems(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1", more=CHANNEL)
    storing.fleet.faults.agents.add("vm1")
    seen: list[tuple[str, bool]] = []
    blocks.before = lambda _: seen.append((state(storing, uuid), frozen(storing, uuid)))
    assert keep(storing, "vm1", "first").result["consistent"] == "agent"
    assert seen == [("running", True)] * 2 and not frozen(storing, uuid)


def test_an_agent_that_will_not_is_no_hindrance(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1", more=CHANNEL)
    assert keep(storing, "vm1", "first").result["consistent"] == "pause"
    assert state(storing, uuid) == "running"
    check_kept(blocks, only(storing, "vm1"))


def test_an_agent_that_says_nothing_is_given_up_in_the_end(
    storing: DoorCluster, blocks: StumblingBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.operations.guest_hold.AGENT_PATIENCE_S", 0.5)
    uuid = run(storing, "vm1", more=CHANNEL)
    storing.fleet.faults.agents.add("vm1")
    storing.fleet.faults.silent_agents.add("vm1")
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "it asks again")
    assert "has not answered in time" in storing.service.job(job.id).text
    ended = storing.finish(job)
    assert (ended.state, ended.result["consistent"]) == ("succeeded", "pause"), ended.log
    assert state(storing, uuid) == "running"
    check_kept(blocks, only(storing, "vm1"))


def test_a_frozen_guest_is_thawed_by_the_next_process(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1", more=CHANNEL)
    storing.fleet.faults.agents.add("vm1")
    doom = Doom(storing, "hv1", TAKEN_COMMIT, arrives=False)
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: doom.struck, "the blow falls")
    storing.kill_worker("hv1")
    storing.fleet.node("hv1").freeze(uuid)
    storing.start_worker("hv1")
    assert storing.finish(job).result["consistent"] == "agent"
    assert not frozen(storing, uuid)


def test_a_stopped_vm_is_kept_as_it_is(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    define(storing, "vm1")
    job = keep(storing, "vm1", "first")
    assert (job.result["consistent"], job.result["pause_ms"]) == ("off", None)
    check_kept(blocks, only(storing, "vm1"))


def test_the_time_is_its_name_if_none_is_given(storing: DoorCluster) -> None:
    define(storing, "vm1")
    job = storing.run(AddVmSnapshot(vm="vm1"))
    assert job.result["snapshot"] == only(storing, "vm1").name == job.id[:15]


def test_of_several_in_one_second_each_has_a_name(storing: DoorCluster) -> None:
    define(storing, "vm1")
    jobs = [storing.submit(AddVmSnapshot(vm="vm1")) for _ in range(3)]
    ended = [storing.finish(job) for job in jobs]
    assert [job.state for job in ended] == ["succeeded"] * 3, [job.text for job in ended]
    assert len({job.result["snapshot"] for job in ended}) == 3


def test_a_disk_elsewhere_is_named(storing: DoorCluster) -> None:
    define(storing, "vm1", more="<disk type='file'><source file='/srv/x'/><target dev='vdz'/></disk>")
    assert "/srv/x is not in the storage" in keep(storing, "vm1", "first").result["warnings"][0]


@pytest.mark.parametrize("name", ["a/b", "a@b", "a b", "", "-a", "x" * 49, "ä"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="snapshot"):
        AddVmSnapshot.parse({"vm": "vm1", "snapshot": name})


def test_what_cannot_be_is_refused_at_once(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    define(storing, "vm1")
    keep(storing, "vm1", "first")
    with pytest.raises(AlreadyExists, match="first"):
        storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    for name, xml, error, word in (
        ("vm2", domain_xml("vm2"), NoVolume, "no disk in the storage"),
        ("vm3", None, NoVolume, "POOL/VOLUME"),
        ("vm4", None, NotFound, "vms/none"),
    ):
        disks = {"vm3": ("oddly-named",), "vm4": ("vms/none",)}.get(name, ())
        if xml is None:
            define(storing, name, disks)
        else:
            storing.submit(DefineVm(xml=xml))
        with pytest.raises(error, match=word):
            storing.submit(AddVmSnapshot(vm=name, snapshot="a"))
    for request in (RemoveVmSnapshot(vm="vm1", snapshot="no"), AddVmSnapshot(vm="no")):
        with pytest.raises(NotFound):
            storing.submit(request)
    assert [len(names) for names in blocks.names()] == [1, 1]


def seen(storing: DoorCluster, uuid: str) -> Seen:
    store = storing.service.store
    return see(look_at_cluster(store), load_vm(store, uuid).value)


def test_a_guest_that_stands_still_already_is_left_alone(storing: DoorCluster) -> None:
    uuid = run(storing, "vm1")
    storing.fleet.node("hv1").pause(uuid, "user")
    storing.await_true(lambda: seen(storing, uuid) is Seen.PAUSED, "reports after its start show it paused")
    with pytest.raises(WrongState, match="paused"):
        storing.submit(AddVmSnapshot(vm="vm1", snapshot="a"))
    assert state(storing, uuid) == "paused"


def test_a_vm_on_a_silent_node_is_refused(storing: DoorCluster) -> None:
    run(storing, "vm1")
    storing.agents["hv1"].stop()
    storing.await_true(lambda: not storing.service.node("hv1").alive, "its agent is gone")
    with pytest.raises(NodeSilent):
        storing.submit(AddVmSnapshot(vm="vm1", snapshot="a"))


def test_there_is_a_bound(storing: DoorCluster) -> None:
    define(storing, "vm1")
    for number in range(MOST_SNAPSHOTS):
        keep(storing, "vm1", f"s{number}")
    with pytest.raises(TooManySnapshots, match="32 are allowed"):
        storing.submit(AddVmSnapshot(vm="vm1", snapshot="more"))


def test_the_storage_may_be_off(cluster: DoorCluster) -> None:
    with pytest.raises(SubsystemOff):
        cluster.submit(AddVmSnapshot(vm="vm1", snapshot="a"))
    with pytest.raises(SubsystemOff):
        cluster.service.vm_snapshots("vm1")


def test_a_fault_of_one_disk_leaves_nothing(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1")

    def refuse(volume: str) -> None:
        if volume == "db":
            raise StorageRefused("no room")

    blocks.before = refuse
    job = storing.run(AddVmSnapshot(vm="vm1", snapshot="first"))
    assert job.error is not None and job.error.code == "SNAPSHOT_NOT_TAKEN" and "no room" in job.text
    assert blocks.names() == [(), ()] and storing.service.vm_snapshots("vm1") == []
    assert state(storing, uuid) == "running"
    check_sound(storing)


def test_a_guest_is_not_held_for_a_slow_storage(
    storing: DoorCluster, blocks: StumblingBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.operations.vm_snapshot_making.HOLD_S", 0.1)
    uuid = run(storing, "vm1")
    blocks.allowed.clear()
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).stage == "clearing", "it gives up for now")
    assert state(storing, uuid) == "running"
    blocks.allowed.set()
    assert storing.finish(job).state == "succeeded"
    check_kept(blocks, only(storing, "vm1"))


def test_a_cancel_does_not_wait_for_a_silent_storage_for_long(
    storing: DoorCluster, blocks: StumblingBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be left of it can be seen, and is removed as any other."""
    for name in ("SILENT_S", "LOOK_AGAIN_S"):
        monkeypatch.setattr(f"pvc_tasks.operations.volume_common.{name}", 0.2)
    define(storing, "vm1")

    def falls_silent(volume: str) -> None:
        if volume == "db":
            blocks.silent = blocks.hanging = True
            raise StorageUnavailable("not now")

    blocks.before = falls_silent
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "it waits")
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "the storage is silent" in ended.text
    blocks.silent = blocks.hanging = False
    assert only(storing, "vm1").state == "making"
    assert storing.run(RemoveVmSnapshot(vm="vm1", snapshot="first")).state == "succeeded"
    assert blocks.names() == [(), ()]


def test_a_silent_storage_is_waited_for_before_the_guest_is_held(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    uuid = run(storing, "vm1")
    blocks.silent = blocks.hanging = True
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "the job waits")
    assert state(storing, uuid) == "running"
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    blocks.silent = blocks.hanging = False
    assert blocks.names() == [(), ()] and storing.service.vm_snapshots("vm1") == []


def test_a_guest_let_go_by_others_is_no_moment(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1")
    times: list[str] = []

    def let_go_once(volume: str) -> None:
        times.append(volume)
        if len(times) == 1:
            storing.fleet.node("hv1").resume(uuid)

    blocks.before = let_go_once
    job = keep(storing, "vm1", "first")
    assert job.notes["tries"] == 2
    check_kept(blocks, only(storing, "vm1"))


def die_and_return(storing: DoorCluster, doom: Doom, job: Job) -> Job:
    storing.await_true(lambda: doom.struck or storing.service.job(job.id).state.finished, "the blow falls")
    storing.kill_worker("hv1")
    storing.start_worker("hv1")
    return storing.finish(job)


@ARRIVES
@pytest.mark.parametrize("agent", [False, True], ids=["pause", "agent"])
@pytest.mark.parametrize("commit", range(1, 6))
def test_it_survives_death_at_each_of_its_commits(
    storing: DoorCluster, blocks: StumblingBlocks, commit: int, agent: bool, arrives: bool
) -> None:
    uuid = run(storing, "vm1", more=CHANNEL if agent else "")
    storing.fleet.faults.agents.update({"vm1"} if agent else ())
    doom = Doom(storing, "hv1", commit, arrives)
    job = die_and_return(storing, doom, storing.submit(AddVmSnapshot(vm="vm1", snapshot="first")))
    assert job.state == "succeeded", (job.text, job.log)
    check_kept(blocks, only(storing, "vm1"))
    assert state(storing, uuid) == "running" and not frozen(storing, uuid)
    check_sound(storing)


TAKEN_COMMIT = 4
"""Of a running guest's snapshot: claimed, recorded, held, taken."""


def die_holding(storing: DoorCluster, uuid: str) -> Job:
    """Its worker is gone, and the guest is as it would have been a moment earlier: held."""
    doom = Doom(storing, "hv1", TAKEN_COMMIT, arrives=False)
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: doom.struck, "the blow falls")
    storing.kill_worker("hv1")
    assert storing.service.job(job.id).stage == "holding"
    storing.fleet.node("hv1").pause(uuid, "user")
    return job


def test_the_next_process_lets_a_held_guest_go_and_takes_it_again(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    uuid = run(storing, "vm1")
    job = die_holding(storing, uuid)
    storing.start_worker("hv1")
    ended = storing.finish(job)
    assert ended.state == "succeeded" and ended.notes["tries"] == 2
    assert state(storing, uuid) == "running"
    check_kept(blocks, only(storing, "vm1"))
    check_sound(storing)


def test_the_agent_lets_a_held_guest_go_when_nobody_else_does(
    storing: DoorCluster, blocks: StumblingBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.operations.guest_hold.RESCUE_S", 0.5)
    uuid = run(storing, "vm1")
    job = die_holding(storing, uuid)
    storing.await_true(lambda: state(storing, uuid) == "running", "the agent lets it go")
    storing.start_worker("hv1")
    assert storing.finish(job).state == "succeeded"
    check_kept(blocks, only(storing, "vm1"))


def test_a_cancelled_one_lets_the_guest_go(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1")
    job = die_holding(storing, uuid)
    storing.service.cancel(job.id, ME)
    storing.start_worker("hv1")
    assert storing.finish(job).state == "cancelled"
    assert state(storing, uuid) == "running"
    assert blocks.names() == [(), ()] and storing.service.vm_snapshots("vm1") == []
    check_sound(storing)


def test_what_was_given_up_by_force_can_be_seen_and_removed(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    uuid = run(storing, "vm1")
    job = die_holding(storing, uuid)
    assert storing.service.cancel(job.id, ME, force=True).state == "cancelled"
    assert only(storing, "vm1").state == "making" and blocks.names()[0]
    storing.start_worker("hv1")
    assert storing.run(RemoveVmSnapshot(vm="vm1", snapshot="first")).state == "succeeded"
    assert blocks.names() == [(), ()] and storing.service.vm_snapshots("vm1") == []


def test_one_is_removed_with_all_its_parts(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    define(storing, "vm1")
    for name in ("first", "second"):
        keep(storing, "vm1", name)
    assert storing.run(RemoveVmSnapshot(vm="vm1", snapshot="first")).state == "succeeded"
    assert only(storing, "vm1").name == "second"
    check_kept(blocks, only(storing, "vm1"))


@ARRIVES
@pytest.mark.parametrize("commit", range(1, 6))
def test_a_removal_survives_death(
    storing: DoorCluster, blocks: StumblingBlocks, commit: int, arrives: bool
) -> None:
    define(storing, "vm1")
    keep(storing, "vm1", "first")
    storing.kill_worker("hv2")
    doom = Doom(storing, "hv1", commit, arrives)
    job = die_and_return(storing, doom, storing.submit(RemoveVmSnapshot(vm="vm1", snapshot="first")))
    assert job.state == "succeeded", job
    assert blocks.names() == [(), ()] and storing.service.vm_snapshots("vm1") == []


def test_a_vm_with_snapshots_is_not_forgotten(storing: DoorCluster) -> None:
    uuid = define(storing, "vm1")
    keep(storing, "vm1", "first")
    with pytest.raises(WrongState, match="first"):
        storing.submit(UndefineVm(vm="vm1"))
    storing.run(RemoveVmSnapshot(vm="vm1", snapshot="first"))
    assert storing.submit(UndefineVm(vm="vm1")).state == "succeeded"
    assert storing.service.store.names(f"{tree.VMS}/{uuid}") == ()


def test_what_changed_since_is_shown(storing: DoorCluster) -> None:
    define(storing, "vm1")
    keep(storing, "vm1", "first")
    storing.submit(MetaVm(vm="vm1", description="the shop", autorestart=True))
    storing.submit(RenameVm(vm="vm1", new="shop"))
    keep(storing, "shop", "second")
    for other in ("second", None):
        found = storing.service.vm_snapshot_diff("shop", "first", other)
        assert {(one.field, one.before, one.after) for one in found.metadata} == {
            ("description", "", "the shop"),
            ("autorestart", "False", "True"),
        }
        assert any("<name>shop</name>" in line for line in found.xml if line.startswith("+"))
        assert [(one.disk, one.change, one.changed) for one in found.disks] == [
            ("vms/web", "same", 0),
            ("vms/db", "same", 0),
        ]
    with pytest.raises(InvalidRequest, match="later"):
        storing.service.vm_snapshot_diff("shop", "second", "first")
    with pytest.raises(NotFound):
        storing.service.vm_snapshot_diff("shop", "first", "none")


def test_it_follows_its_vm_to_another_node(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    uuid = run(storing, "vm1")
    storing.fleet.faults.slow_migrations["vm1"] = 0.5
    move = storing.submit(MigrateVm(vm="vm1", target="hv2"))
    storing.await_true(lambda: bool(storing.fleet.node("hv1").moves), "it is on its way")
    seen: list[str] = []
    blocks.before = lambda _: seen.append(state(storing, uuid, "hv2"))
    job = keep(storing, "vm1", "first")
    assert storing.finish(move).state == "succeeded"
    assert seen == ["paused", "paused"] and state(storing, uuid, "hv2") == "running"
    assert job.queue == "node.hv2"
    check_kept(blocks, only(storing, "vm1"))
    check_sound(storing)


def test_a_flush_takes_no_notice_of_a_moment(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    """A guest that a task holds is not one that stands still."""
    run(storing, "vm1")
    blocks.allowed.clear()
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).stage == "holding", "the guest is held")
    storing.agents["hv1"].poke()
    flush = storing.submit(FlushNode(node="hv1"))
    blocks.allowed.set()
    assert storing.finish(job).state == storing.finish(flush).state == "succeeded"
    assert storing.service.vm("vm1").spec.node == "hv2"
    check_sound(storing)


def test_a_stop_waits_for_its_turn(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    run(storing, "vm1")
    blocks.allowed.clear()
    job = storing.submit(AddVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(job.id).stage == "holding", "the guest is held")
    stop = storing.submit(StopVm(vm="vm1"))
    blocks.allowed.set()
    assert storing.finish(job).state == storing.finish(stop).state == "succeeded"
