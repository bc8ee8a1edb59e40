"""An OSD gets another disk; it keeps its number and its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from storage import DisksBesideSteps, fill, running

from pvc_core.errors import InvalidRequest, NotFound, StorageRefused, StorageUnavailable, WrongState
from pvc_core.model.operations import AddOsd, RemoveOsd, ReplaceOsd
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.disks.fake import FakeDisks
from pvc_drivers.disks.port import Disk

NUMBERS = [0, 1, 2, 3]


@pytest.fixture
def blocks() -> FakeBlocks:
    """Two OSDs on hv1: what osd.0 has can go to the other."""
    made = fill(FakeBlocks())
    made.daemons[3] = made.daemons[0].but(id=3)
    return made


@pytest.fixture
def disks(blocks: FakeBlocks) -> FakeDisks:
    made = FakeDisks(blocks, "hv1")
    made.disks = {
        "/dev/sda": Disk("/dev/sda", 4 << 30, ("a ceph_bluestore signature",)),
        "/dev/sdb": Disk("/dev/sdb", 4 << 30),
        "/dev/sdc": Disk("/dev/sdc", 4 << 30, ("a gpt signature",)),
        "/dev/sdd": Disk("/dev/sdd", 1 << 30),
        "/dev/sde": Disk("/dev/sde", 4 << 30, (), ("it is mounted at /",)),
    }
    made.osds, made.kept = {"/dev/sda": blocks.marks[0]}, {0}
    return made


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("osd_making", "osd_leaving"):
        monkeypatch.setattr(f"pvc_tasks.operations.{module}.LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr("pvc_tasks.operations.osd_making.STAYS_S", 0.0)
    monkeypatch.setattr("pvc_tasks.engine.RETRY_S", 0.1)


@pytest.fixture
def storing(tmp_path: Path, blocks: FakeBlocks, disks: FakeDisks) -> Iterator[DoorCluster]:
    with running(tmp_path, blocks, nodes=1, disks=DisksBesideSteps(disks)) as found:
        yield found


def replace(device: str = "/dev/sdb", wipe: str | None = None, force: str | None = None) -> ReplaceOsd:
    return ReplaceOsd(osd="0", device=device, wipe=wipe, force=force)


def is_replaced(blocks: FakeBlocks, disks: FakeDisks, device: str = "/dev/sdb") -> bool:
    osd = blocks.daemons[0]
    place = (osd.node, osd.device_class, osd.weight) == ("hv1", "ssd", blocks.daemons[1].weight)
    return place and osd.up and osd.within and not osd.destroyed and disks.numbers().get(device) == 0


def test_it_is_emptied_stopped_and_made_of_another_disk(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    blocks.loaded = {0}
    job = storing.submit(replace())
    storing.await_true(lambda: "16 placement groups left" in storing.service.job(job.id).text, "it waits")
    assert blocks.daemons[0].up and not blocks.daemons[0].within and disks.numbers() == {"/dev/sda": 0}
    blocks.loaded = set()
    ended = storing.finish(job)
    assert (ended.state, ended.result["osd"], ended.result["class"]) == ("succeeded", 0, "ssd")
    assert is_replaced(blocks, disks) and sorted(blocks.daemons) == NUMBERS


def test_one_whose_disk_is_lost_is_not_waited_for_and_its_data_move_once(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    blocks.osd_goes(0, up=False)
    del blocks.daemons[3]
    with pytest.raises(WrongState, match="2 hosts for 3 copies") as refused:
        storing.submit(replace())
    assert "if its disk is lost" in refused.value.remedy
    blocks.loaded = {0}
    blocks.take_out = None  # type: ignore[method-assign, assignment]
    assert storing.run(replace(force="osd.0")).state == "succeeded" and is_replaced(blocks, disks)


def test_by_force_too_it_waits_while_data_are_out_of_reach(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    """One that is up may be needed by its others, one that is down may have what nobody else has."""
    blocks.osd_goes(1, up=False)
    blocks.osd_goes(2, up=False)
    job = storing.submit(replace(force="0"))
    storing.await_true(
        lambda: "osd ok-to-stop" in storing.service.job(job.id).text, "it waits while it is up"
    )
    blocks.osd_goes(0, up=False)
    blocks.unclean = {"down+peering": 2}
    storing.await_true(lambda: "2 down" in storing.service.job(job.id).text, "it waits while it is down")
    assert not blocks.daemons[0].destroyed
    blocks.unclean = {}
    assert storing.finish(job).state == "succeeded" and is_replaced(blocks, disks)


@pytest.mark.parametrize(
    ("device", "wipe", "said"),
    [
        ("/dev/sdc", None, "not empty: a gpt signature"),
        ("/dev/sdd", None, "too small"),
        ("/dev/sde", "/dev/sde", "is mounted at /"),
        ("/dev/sda", "/dev/sda", "is osd.0"),
        ("/dev/sdz", None, "no block device"),
    ],
)
def test_a_disk_that_will_not_do_is_refused_before_anything_is_changed(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks, device: str, wipe: str | None, said: str
) -> None:
    before = dict(blocks.daemons), dict(disks.disks)
    job = storing.run(replace(device, wipe, force="0"))
    assert job.state == "failed" and job.error is not None
    assert said in job.text
    assert (blocks.daemons, disks.disks) == before


def test_what_is_on_the_new_disk_is_wiped_by_its_name_only(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    with pytest.raises(InvalidRequest, match="wipe: must be the device's name, /dev/sdc"):
        storing.submit(replace("/dev/sdc", "/dev/sdb"))
    assert storing.run(replace("/dev/sdc", "/dev/sdc")).state == "succeeded"
    assert is_replaced(blocks, disks, "/dev/sdc")


def test_who_is_meant_must_be_there_and_on_a_node(storing: DoorCluster, blocks: FakeBlocks) -> None:
    with pytest.raises(NotFound, match=r"osd\.7"):
        storing.submit(ReplaceOsd(osd="7", device="/dev/sdb"))
    with pytest.raises(InvalidRequest, match=r"must be the OSD's name, osd\.0"):
        storing.submit(replace(force="1"))
    with pytest.raises(WrongState, match="is on hv2, which is no node"):
        storing.submit(ReplaceOsd(osd="1", device="/dev/sdb", force="1"))
    blocks.silent = True
    with pytest.raises(StorageUnavailable):
        storing.submit(replace())


def test_a_disk_that_is_taken_meanwhile_is_noticed_and_the_osd_gets_its_data_back(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    blocks.loaded = {0}
    job = storing.submit(replace())
    storing.await_true(lambda: not blocks.daemons[0].within, "it is out")
    disks.disks["/dev/sdb"] = Disk("/dev/sdb", 4 << 30, (), ("it is mounted at /srv",))
    blocks.loaded = set()
    ended = storing.finish(job)
    assert ended.state == "failed" and "is mounted at /srv" in ended.text
    assert blocks.daemons[0].up and blocks.daemons[0].within and disks.numbers() == {"/dev/sda": 0}


@pytest.mark.parametrize("dies_in", ["stop_osd", "destroy_osd", "forget_osd", "make_osd", "start_osd"])
def test_it_goes_on_wherever_its_process_died(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks, dies_in: str
) -> None:
    """After the call had its effect, of which nothing is recorded."""
    home = blocks if hasattr(blocks, dies_in) else disks
    whole, tries = getattr(home, dies_in), []

    def dying(*given):  # type: ignore[no-untyped-def]
        tries.append(given)
        made = whole(*given)
        if len(tries) == 1:
            raise StorageUnavailable("the process dies here")
        return made

    setattr(home, dies_in, dying)
    assert storing.run(replace()).state == "succeeded"
    assert tries and is_replaced(blocks, disks) and sorted(blocks.daemons) == NUMBERS


def test_cancelled_while_it_is_emptied_it_gets_its_data_back(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    blocks.loaded = {0}
    job = storing.submit(replace())
    storing.await_true(lambda: not blocks.daemons[0].within, "it is out")
    storing.service.cancel(job.id, ME)
    assert "is in again" in storing.finish(job).text and blocks.daemons[0].within and blocks.daemons[0].up


def test_cancelled_later_its_place_is_kept_and_it_is_replaced_or_removed_at_once(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    whole = disks.make_osd

    def half(*given):  # type: ignore[no-untyped-def]
        whole(*given)
        raise StorageUnavailable("ceph-volume was killed")

    disks.make_osd = half  # type: ignore[method-assign]
    job = storing.submit(replace())
    storing.await_true(lambda: disks.numbers().get("/dev/sdb") == 0, "half made")
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "its place are kept; /dev/sdb is empty" in ended.text
    assert blocks.daemons[0].destroyed and not disks.disks["/dev/sdb"].traces

    disks.make_osd = whole  # type: ignore[method-assign]
    blocks.loaded = {0}  # Ceph does not call safe what has no statistics.
    assert storing.run(replace("/dev/sdc", "/dev/sdc")).state == "succeeded"
    assert is_replaced(blocks, disks, "/dev/sdc")
    blocks.osd_goes(0, up=False)
    blocks.destroy_osd(0)
    assert storing.run(RemoveOsd(osd="0")).state == "succeeded" and 0 not in blocks.daemons


@pytest.mark.parametrize("refuses", ["wipe", "make_osd", "make_osd and purges"])
def test_where_the_new_disk_will_not_do_its_place_is_kept_and_the_error_says_so(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks, refuses: str
) -> None:
    name = refuses.partition(" ")[0]
    whole = getattr(disks, name)

    def refuse(*given: object) -> int:
        if "purges" in refuses:
            blocks.purge_osd(0)
        raise StorageRefused("`ceph-volume raw prepare` failed: no")

    setattr(disks, name, refuse)
    job = storing.run(replace("/dev/sdc", "/dev/sdc"))
    assert job.state == "failed" and job.error is not None
    assert "replace it once more" in job.error.remedy and blocks.daemons[0].destroyed
    setattr(disks, name, whole)
    assert storing.run(replace()).state == "succeeded" and is_replaced(blocks, disks)


def test_one_that_ends_at_its_first_start_is_started_again(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.operations.osd_making.START_AGAIN_S", 0.1)
    whole, tries = disks.start_osd, []

    def start(osd: int) -> None:
        tries.append(osd)
        if len(tries) > 1:
            whole(osd)

    disks.start_osd = start  # type: ignore[method-assign]
    assert storing.run(replace()).state == "succeeded" and tries == [0, 0]


def test_one_that_comes_up_and_ends_is_not_called_replaced(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STAYS_S", "START_AGAIN_S"):
        monkeypatch.setattr(f"pvc_tasks.operations.osd_making.{name}", 1.0)
    job = storing.submit(replace())
    storing.await_true(lambda: "to stay up" in storing.service.job(job.id).text, "it is looked at again")
    blocks.osd_goes(0, up=False)
    assert storing.finish(job).state == "succeeded" and is_replaced(blocks, disks)
    assert [line.text for line in storing.service.job(job.id).log].count("starting osd.0") == 2


def test_two_jobs_do_not_take_the_same_disk(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    blocks.loaded = {0}
    first = storing.submit(replace())
    storing.await_true(lambda: not blocks.daemons[0].within, "the first has it")
    second = storing.submit(AddOsd(node="hv1", device="/dev/sdb"))
    storing.await_true(lambda: storing.service.job(second.id).state == "waiting", "the second waits")
    blocks.loaded = set()
    assert storing.finish(first).state == "succeeded"
    ended = storing.finish(second)
    assert ended.state == "failed" and "is osd.0" in ended.text


def test_the_old_disk_is_no_osd_any_more_and_may_become_one(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    """It still says that it is osd.0, as ceph-volume reads it; Ceph knows another disk by that number."""
    assert storing.run(replace()).state == "succeeded" and is_replaced(blocks, disks)
    assert disks.numbers()["/dev/sda"] == disks.numbers()["/dev/sdb"] == 0
    refused = storing.run(AddOsd(node="hv1", device="/dev/sda"))
    assert refused.error is not None and "not empty: a ceph_bluestore signature" in refused.text
    assert "--force /dev/sda" in refused.error.remedy
    added = storing.run(AddOsd(node="hv1", device="/dev/sda", force="/dev/sda"))
    assert (added.state, added.result["osd"]) == ("succeeded", 4)
    assert is_replaced(blocks, disks) and disks.numbers()["/dev/sda"] == 4


def test_a_disk_of_another_clusters_osd_is_a_disk_with_something_on_it(
    storing: DoorCluster, blocks: FakeBlocks, disks: FakeDisks
) -> None:
    disks.osds["/dev/sdc"] = blocks.marks[1].but(cluster="another")
    added = storing.run(AddOsd(node="hv1", device="/dev/sdc", force="/dev/sdc"))
    assert (added.state, added.result["osd"]) == ("succeeded", 4) and blocks.daemons[1].up
