"""Flags of OSDs, and what data are placed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from storage import DisksBesideSteps, fill, running

from pvc_core.errors import InvalidRequest, NotFound, StorageUnavailable, WrongState
from pvc_core.model.operations import AddOsd, PutOsdIn, RemoveOsd, SetOsdFlag, TakeOsdOut, UnsetOsdFlag
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.disks.fake import FakeDisks
from pvc_drivers.disks.port import Disk


@pytest.fixture
def blocks() -> FakeBlocks:
    return fill(FakeBlocks())


def test_flags_are_set_and_unset(storing: DoorCluster, blocks: FakeBlocks) -> None:
    assert storing.run(SetOsdFlag(flag="noout")).result == {"flags": ["noout"]}
    blocks.hold_osds("hv2")
    job = storing.run(UnsetOsdFlag(flag="noout"))
    assert job.result == {"flags": []} and "hv2 stays in maintenance" in job.text
    assert blocks.held_hosts() == ["hv2"]


@pytest.mark.parametrize("flag", ["pause", "full", "NOOUT", ""])
def test_only_known_flags_are_taken(flag: str) -> None:
    with pytest.raises(InvalidRequest, match="flag"):
        SetOsdFlag.parse({"flag": flag})


@pytest.mark.parametrize("name", ["-1", "osd.", "osd.x", "1 2", "999999", "OSD.1"])
def test_only_numbers_name_an_osd(name: str) -> None:
    with pytest.raises(InvalidRequest, match="number of an OSD"):
        TakeOsdOut.parse({"osd": name})


def test_what_the_others_can_hold_goes_out_and_in_again(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.daemons[3] = blocks.daemons[0].but(id=3)
    assert storing.run(TakeOsdOut(osd="3")).state == "succeeded"
    assert not blocks.daemons[3].within
    assert storing.run(PutOsdIn(osd="osd.3")).state == "succeeded"
    assert blocks.daemons[3].within


def test_what_they_cannot_is_refused_until_its_name_is_typed(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    with pytest.raises(WrongState, match=r"without osd\.1 .*pool vms has 2 hosts for 3 copies") as refused:
        storing.submit(TakeOsdOut(osd="1"))
    assert "--force osd.1" in refused.value.remedy
    with pytest.raises(InvalidRequest, match=r"must be the OSD's name, osd\.1"):
        storing.submit(TakeOsdOut(osd="1", force="osd.2"))
    assert storing.run(TakeOsdOut(osd="1", force="osd.1")).state == "succeeded"


def test_nor_may_the_others_become_full(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.daemons = {n: one.but(used=int(0.7 * one.total)) for n, one in blocks.daemons.items()}
    blocks.daemons[3] = blocks.daemons[0].but(id=3)
    with pytest.raises(WrongState, match="the others would be 93 % full"):
        storing.submit(TakeOsdOut(osd="3"))


def test_nothing_is_placed_on_one_that_is_down_or_unknown(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.osd_goes(1, up=False)
    with pytest.raises(WrongState, match=r"osd\.1 is down"):
        storing.submit(PutOsdIn(osd="1"))
    with pytest.raises(NotFound, match=r"osd\.7"):
        storing.submit(PutOsdIn(osd="7"))


def test_an_osd_is_emptied_stopped_and_removed(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.daemons[3] = blocks.daemons[0].but(id=3)
    blocks.loaded = {3}
    job = storing.submit(RemoveOsd(osd="3"))
    storing.await_true(lambda: "16 placement groups left" in storing.service.job(job.id).text, "it waits")
    assert blocks.daemons[3].up and not blocks.daemons[3].within
    blocks.daemons[3] = blocks.daemons[3].but(placement_groups=4)
    storing.await_true(lambda: storing.service.job(job.id).progress.done == 12, "it shows how far it is")
    blocks.loaded = set()
    ended = storing.finish(job)
    assert ended.state == "succeeded" and ended.result["node"] == "hv1"
    assert sorted(blocks.daemons) == [0, 1, 2]


def test_a_removal_that_is_cancelled_puts_it_back(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.daemons[3] = blocks.daemons[0].but(id=3)
    blocks.loaded = {3}
    job = storing.submit(RemoveOsd(osd="3"))
    storing.await_true(lambda: not blocks.daemons[3].within, "it is out")
    storing.service.cancel(job.id, ME)
    assert "is in again" in storing.finish(job).text
    assert blocks.daemons[3].within and blocks.daemons[3].up


def test_a_removal_goes_on_wherever_its_process_died(storing: DoorCluster, blocks: FakeBlocks) -> None:
    """Each call is made twice: once by the process that dies of it, once by the next."""
    blocks.daemons[3] = blocks.daemons[0].but(id=3)
    tried: set[str] = set()

    def dying(name: str):  # type: ignore[no-untyped-def]
        whole = getattr(blocks, name)

        def call(osd: int) -> None:
            whole(osd)
            if name not in tried:
                tried.add(name)
                raise RuntimeError("the process dies here")

        return call

    for name in ("take_out", "stop_osd", "purge_osd"):
        setattr(blocks, name, dying(name))
    assert storing.run(RemoveOsd(osd="3")).state == "succeeded"
    assert tried == {"take_out", "stop_osd", "purge_osd"} and sorted(blocks.daemons) == [0, 1, 2]


def test_what_the_others_need_is_removed_by_name_only_and_while_data_can_be_used(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    with pytest.raises(WrongState, match="pool vms has 2 hosts for 3 copies"):
        storing.submit(RemoveOsd(osd="1"))
    blocks.loaded = {1}
    blocks.osd_goes(0, up=False)
    job = storing.submit(RemoveOsd(osd="1", force="osd.1"))
    storing.await_true(lambda: "osd ok-to-stop" in storing.service.job(job.id).text, "it waits")
    blocks.osd_goes(0, up=True)
    assert storing.finish(job).state == "succeeded" and sorted(blocks.daemons) == [0, 2]


@pytest.fixture
def disks(blocks: FakeBlocks) -> FakeDisks:
    made = FakeDisks(blocks, "hv1")
    made.disks = {
        "/dev/sdb": Disk("/dev/sdb", 4 << 30),
        "/dev/sdc": Disk("/dev/sdc", 4 << 30, ("a gpt signature", "/dev/sdc1 on it")),
        "/dev/sda": Disk("/dev/sda", 4 << 30, ("a gpt signature",), ("it is mounted at /",)),
    }
    return made


@pytest.fixture
def making(tmp_path: Path, blocks: FakeBlocks, disks: FakeDisks) -> Iterator[DoorCluster]:
    with running(tmp_path, blocks, nodes=1, disks=DisksBesideSteps(disks)) as found:
        yield found


def add(device: str, force: str | None = None) -> AddOsd:
    return AddOsd(node="hv1", device=device, device_class="nvme", force=force)


def test_a_disk_becomes_an_osd(making: DoorCluster, blocks: FakeBlocks) -> None:
    job = making.run(add("/dev/sdb"))
    assert (job.state, job.result["osd"], job.result["class"]) == ("succeeded", 3, "nvme")
    assert (blocks.daemons[3].up, blocks.daemons[3].within, blocks.daemons[3].node) == (True, True, "hv1")


def test_what_was_removed_leaves_its_number_to_the_next(
    making: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    """Its node keeps a directory of the one that had it before."""
    making.run(add("/dev/sdb"))
    assert making.run(RemoveOsd(osd="3")).state == "succeeded" and disks.kept == {3}
    assert making.run(add("/dev/sdc", "/dev/sdc")).result["osd"] == 3


def test_a_disk_that_is_not_empty_is_wiped_by_name_only(
    making: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    refused = making.run(add("/dev/sdc"))
    assert refused.error is not None and "not empty: a gpt signature, /dev/sdc1 on it" in refused.text
    assert "--force /dev/sdc" in refused.error.remedy and disks.disks["/dev/sdc"].traces
    with pytest.raises(InvalidRequest, match="must be the device's name, /dev/sdc"):
        making.submit(add("/dev/sdc", "/dev/sdb"))
    assert making.run(add("/dev/sdc", "/dev/sdc")).state == "succeeded" and 3 in blocks.daemons


@pytest.mark.parametrize("device", ["/dev/sda", "/dev/sdz"])
def test_a_disk_in_use_or_absent_is_refused_by_force_too(
    making: DoorCluster, blocks: FakeBlocks, device: str
) -> None:
    job = making.run(add(device, device))
    assert job.state == "failed" and ("is mounted at /" in job.text or "no block device" in job.text)
    assert sorted(blocks.daemons) == [0, 1, 2]


def test_what_is_an_osd_already_is_not_made_again(making: DoorCluster, blocks: FakeBlocks) -> None:
    making.run(add("/dev/sdb"))
    job = making.run(add("/dev/sdb", "/dev/sdb"))
    assert job.error is not None and "is osd.3" in job.text and sorted(blocks.daemons) == [0, 1, 2, 3]


@pytest.mark.parametrize("dies_in", ["make_osd", "start_osd"])
def test_making_one_begins_anew_where_its_process_died(
    making: DoorCluster, blocks: FakeBlocks, disks: FakeDisks, dies_in: str
) -> None:
    """What was made by the process that died is gone, or goes on; there is one OSD in the end."""
    whole, tries = getattr(disks, dies_in), []

    def dying(*given):  # type: ignore[no-untyped-def]
        made = whole(*given)
        tries.append(made)
        if len(tries) == 1:
            raise StorageUnavailable("the process dies here")
        return made

    setattr(disks, dies_in, dying)
    assert making.run(add("/dev/sdb")).state == "succeeded"
    assert sorted(blocks.daemons) == [0, 1, 2, 3] and disks.numbers() == {"/dev/sdb": 3}


def test_cancelled_it_leaves_no_osd_and_an_empty_disk(
    making: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    whole = disks.make_osd

    def half(device: str, device_class: str | None) -> int:
        whole(device, device_class)
        raise StorageUnavailable("ceph-volume was killed")

    disks.make_osd = half  # type: ignore[method-assign]
    job = making.submit(add("/dev/sdb"))
    making.await_true(lambda: 3 in blocks.daemons, "half made")
    making.service.cancel(job.id, ME)
    assert making.finish(job).state == "cancelled"
    assert sorted(blocks.daemons) == [0, 1, 2] and not disks.disks["/dev/sdb"].traces


@pytest.mark.parametrize("device", ["sdb", "/dev/", "/dev/../etc", "/dev/sd b", "/etc/passwd"])
def test_only_paths_of_devices_are_taken(device: str) -> None:
    with pytest.raises(InvalidRequest, match="path of a device"):
        AddOsd.parse({"node": "hv1", "device": device})
