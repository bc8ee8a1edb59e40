"""Locks left on a stopped VM's disks, broken by a job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster, domain_xml
from storage import SlowBlocks, fill, running

from pvc_core.errors import NotFound, SubsystemOff, VolumeInUse, WrongState
from pvc_core.model.operations import DefineVm, FlushVmLocks, StartVm, StopVm

DEAD = "hv2.lab:0/7"
OUTSIDE = "10.9.9.9:0/8"


def disk(volume: str, target: str) -> str:
    return (
        f"<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='rbd' "
        f"name='{volume}'/><target dev='{target}' bus='virtio'/></disk>"
    )


@pytest.fixture
def blocks() -> SlowBlocks:
    made = fill(SlowBlocks())
    made.lock_volume("vms", "web", DEAD)
    made.lock_volume("slow", "archive", OUTSIDE)
    return made


@pytest.fixture
def storing(tmp_path: Path, blocks: SlowBlocks) -> Iterator[DoorCluster]:
    """With a VM of two disks that are locked, one that is not, and one that is not there."""
    disks = (("vms/web", "vda"), ("vms/db", "vdb"), ("slow/archive", "vdc"), ("vms/gone", "vdd"))
    devices = "".join(disk(*one) for one in disks)
    xml = domain_xml("vm1").replace("</domain>", f"<devices>{devices}</devices></domain>")
    with running(tmp_path, blocks) as found:
        found.service.submit(DefineVm(xml=xml), ME)
        yield found


def test_the_locks_of_all_disks_are_broken_and_their_owners_kept_out(
    storing: DoorCluster, blocks: SlowBlocks
) -> None:
    job = storing.run(FlushVmLocks(vm="vm1"))
    assert (job.state, job.text) == ("succeeded", "2 locks of vm1 broken")
    assert [(one["volume"], one["address"], one["node"]) for one in job.result["broken"]] == [
        ("vms/web", DEAD, "hv2"),
        ("slow/archive", OUTSIDE, ""),
    ]
    assert not blocks.volume("vms", "web").lockers and not blocks.volume("slow", "archive").lockers
    assert blocks.blocked_clients() == [OUTSIDE, DEAD]
    assert storing.run(FlushVmLocks(vm="vm1")).text == "vm1 has no lock left"


def test_who_has_a_disk_open_is_named_and_nothing_is_broken(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.open_volume("vms", "db", "hv1.lab:0/3")
    with pytest.raises(VolumeInUse, match="vms/db is open by a client on hv1") as refused:
        storing.submit(FlushVmLocks(vm="vm1"))
    assert refused.value.details["used_by"] == ["vms/db is open by a client on hv1"]
    blocks.open_volume("vms", "db", OUTSIDE)
    with pytest.raises(VolumeInUse, match=r"a client on 10\.9\.9\.9"):
        storing.submit(FlushVmLocks(vm="vm1"))
    assert len(blocks.volume("vms", "web").lockers) == 1 and blocks.blocked_clients() == []


def test_only_of_a_stopped_vm(storing: DoorCluster, blocks: SlowBlocks) -> None:
    storing.run(StartVm(vm="vm1"))
    with pytest.raises(WrongState, match="vm1 is not stopped"):
        storing.submit(FlushVmLocks(vm="vm1"))
    assert len(blocks.volume("vms", "web").lockers) == 1
    storing.run(StopVm(vm="vm1"))
    storing.await_true(lambda: storing.service.vm("vm1").seen == "off", "it is seen to be off")
    assert storing.run(FlushVmLocks(vm="vm1")).state == "succeeded"


def test_a_vm_started_meanwhile_is_let_be(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.silent = blocks.hanging = True
    job = storing.submit(FlushVmLocks(vm="vm1"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "the job waits")
    assert "has not answered in time" in storing.service.job(job.id).text
    blocks.open_volume("vms", "web", "hv1.lab:0/3")
    blocks.silent = blocks.hanging = False
    ended = storing.finish(job)
    assert ended.state == "failed" and ended.error is not None and ended.error.code == "VOLUME_IN_USE"
    assert len(blocks.volume("vms", "web").lockers) == 1


def test_who_breaks_them_may_die_halfway(
    storing: DoorCluster, blocks: SlowBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking, calls = blocks.break_locks, []

    def dies(*words: object) -> object:
        calls.append(words)
        if len(calls) == 2:
            raise SystemError("dead")
        return breaking(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(blocks, "break_locks", dies)
    job = storing.run(FlushVmLocks(vm="vm1"))
    assert (job.state, len(job.result["broken"])) == ("succeeded", 2)
    assert not blocks.volume("slow", "archive").lockers


ODD = ("vms/a b", "vms/web@one", "vms/space/web", "vms/Grün", f"vms/{'x' * 250}", "bare")


def test_disks_that_no_volume_of_pvc_may_be_called_are_looked_at_too(
    storing: DoorCluster, blocks: SlowBlocks
) -> None:
    """No task is about one, so that there is no lock of PVC's to hold, nor could one be called so."""
    blocks.add_volume("vms", "a b", 1 << 30)
    blocks.lock_volume("vms", "a b", DEAD)
    devices = "".join(disk(name, f"vd{letter}") for name, letter in zip(ODD, "abcdef", strict=True))
    xml = domain_xml("odd1").replace("</domain>", f"<devices>{devices}</devices></domain>")
    storing.submit(DefineVm(xml=xml))
    job = storing.run(FlushVmLocks(vm="odd1"))
    assert (job.state, job.text) == ("succeeded", "1 lock of odd1 broken")
    assert not blocks.volume("vms", "a b").lockers


def test_what_cannot_be(storing: DoorCluster, cluster: DoorCluster) -> None:
    with pytest.raises(NotFound, match="no VM none"):
        storing.submit(FlushVmLocks(vm="none"))
    with pytest.raises(SubsystemOff, match="storage is off"):
        cluster.submit(FlushVmLocks(vm="vm1"))


@pytest.mark.parametrize("odd", ["vms/old disk", "vms/web@first", "vms/a/b", "web"])
def test_a_disk_with_an_odd_name_is_flushed_as_well(
    storing: DoorCluster, blocks: SlowBlocks, odd: str
) -> None:
    """Whatever libvirt takes may be in a definition."""
    pool, _, volume = odd.partition("/")
    blocks.held.setdefault(pool, {})
    for place in (("slow", "other"), (pool, volume)):
        blocks.add_volume(*place, 1 << 30)
        blocks.lock_volume(*place, DEAD)
    devices = f"<devices>{disk('slow/other', 'vda')}{disk(odd, 'vdb')}</devices></domain>"
    storing.service.submit(DefineVm(xml=domain_xml("vm2").replace("</domain>", devices)), ME)
    job = storing.run(FlushVmLocks(vm="vm2"))
    assert (job.state, job.text) == ("succeeded", "2 locks of vm2 broken"), job
