"""A VM is removed with its volumes: all of them or, when that is cut short, so that it can be finished."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster
from engine_checks import await_job
from serving import connected, pvc
from snapshots import CDROM, StumblingBlocks, define, keep, run
from volumes import succeeded

from pvc_core.errors import NotFound, VolumeInUse, WrongState
from pvc_core.model.operations import (
    AddSnapshot,
    CloneVolume,
    RemoveVm,
    RemoveVmSnapshot,
    StartVm,
    StopVm,
)

BOTH = (
    "<disk type='network' device='disk'><source protocol='rbd' name='vms/both'/>"
    "<target dev='vdf' bus='virtio'/><shareable/></disk>"
)
FILE = "<disk type='file'><source file='/srv/a.img'/><target dev='vde'/></disk>"


@pytest.fixture
def blocks() -> StumblingBlocks:
    return StumblingBlocks()


def volumes(blocks: StumblingBlocks) -> list[str]:
    return sorted(f"{pool}/{one.name}" for pool in ("vms", "slow") for one in blocks.volumes(pool))


def gone(cluster: DoorCluster, vm: str) -> bool:
    try:
        cluster.service.vm(vm)
    except NotFound:
        return True
    return False


def test_it_goes_with_what_is_its_own_and_names_what_is_left(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    blocks.add_volume("vms", "both", 1 << 20)
    define(storing, "vm2", (), BOTH)
    define(storing, "vm1", ("vms/web", "vms/lost"), BOTH + CDROM + FILE)
    job = succeeded(storing.run(RemoveVm(vm="vm1")))
    assert (job.text, job.result["volumes"]) == ("vm1 is removed, and 1 volume with it", ["vms/web"])
    assert job.result["warnings"] == [
        "vms/both is left: it is a disk of vm2 too",
        "slow/archive is left: vm1 only reads it",
        "/srv/a.img is left: it is not in the storage",
    ]
    assert gone(storing, "vm1") and volumes(blocks) == ["slow/archive", "vms/both", "vms/db"]
    define(storing, "vm1", ("vms/db",))


def test_what_stands_in_the_way_is_found_before_anything_is_touched(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    before = volumes(blocks)
    uuid = run(storing, "vm1")

    def refused(kind: type[Exception], text: str) -> None:
        with pytest.raises(kind, match=text):
            storing.submit(RemoveVm(vm="vm1"))

    refused(WrongState, "vm1 is not stopped")
    keep(storing, "vm1", "monday")
    succeeded(storing.run(StopVm(vm=uuid)))
    storing.await_true(lambda: storing.service.vm(uuid).seen == "off", "it is seen to be off")
    refused(WrongState, "vm1 has 1 snapshots")
    succeeded(storing.run(RemoveVmSnapshot(vm="vm1", snapshot="monday")))
    blocks.open_volume("vms", "db", "hv2.lab:0/3")
    refused(VolumeInUse, "vms/db: it is used by a client on hv2")
    blocks.open_volume("vms", "db")
    succeeded(storing.run(AddSnapshot(pool="vms", volume="db", snapshot="own")))
    refused(VolumeInUse, r"vms/db: it has 1 snapshots \(own\)")
    assert volumes(blocks) == before and not gone(storing, "vm1")


def test_another_worker_goes_on_where_one_was_killed(storing: DoorCluster, blocks: StumblingBlocks) -> None:
    define(storing, "vm1")
    blocks.going.clear()
    job = storing.submit(RemoveVm(vm="vm1"))
    storing.await_true(lambda: blocks.began == 1, "the first volume is being removed")
    storing.kill_worker(str(storing.service.job(job.id).notes["worked_by"]).split()[0])
    storing.await_true(lambda: blocks.began == 2, "another process has taken it over")
    blocks.going.set()
    assert succeeded(storing.finish(job)).result["volumes"] == ["vms/web", "vms/db"]
    assert gone(storing, "vm1") and volumes(blocks) == ["slow/archive"]


def test_a_removal_that_is_cancelled_halfway_can_be_finished(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    define(storing, "vm1")
    remove = blocks.remove_volume
    blocks.remove_volume = lambda pool, name, tell: (  # type: ignore[method-assign]
        blocks.going.clear() if name == "db" else None,
        remove(pool, name, tell),
    )[1]
    job = storing.submit(RemoveVm(vm="vm1"))
    await_job(storing, job, text="vms/web is removed")
    storing.await_true(lambda: blocks.began == 2, "the second volume is being removed")
    start = storing.submit(StartVm(vm="vm1"))
    storing.service.cancel(job.id, ME)
    job = storing.finish(job)
    assert job.state == "cancelled" and "still defined, but vms/web" in job.text
    assert job.result["removed"] == ["vms/web"] and not gone(storing, "vm1")
    storing.finish(start)
    storing.run(StopVm(vm="vm1"))
    storing.await_true(lambda: storing.service.vm("vm1").seen == "off", "it is seen to be off")
    blocks.remove_volume = remove  # type: ignore[method-assign]
    blocks.going.set()
    assert succeeded(storing.run(RemoveVm(vm="vm1"))).result["volumes"] == ["vms/db"]
    assert gone(storing, "vm1") and volumes(blocks) == ["slow/archive"]


def test_the_snapshot_made_for_a_clone_goes_with_its_vm(
    storing: DoorCluster, blocks: StumblingBlocks
) -> None:
    succeeded(storing.run(CloneVolume(pool="vms", volume="web", new="copy")))
    assert blocks.volume("vms", "web").snapshots
    define(storing, "vm1", ("vms/copy",))
    succeeded(storing.run(RemoveVm(vm="vm1")))
    assert not blocks.volume("vms", "web").snapshots


def test_without_a_storage_the_disks_are_left(cluster: DoorCluster) -> None:
    define(cluster, "vm1")
    job = succeeded(cluster.run(RemoveVm(vm="vm1")))
    assert job.text == "vm1 is removed, and no volume with it"
    assert job.result["warnings"][0] == "vms/web is left: PVC manages no storage here"
    assert gone(cluster, "vm1")


def test_the_command_line_names_the_volumes_before_it_asks(
    storing: DoorCluster, blocks: StumblingBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("pvc_cli.generate.confirm", asked.append)
    define(storing, "vm1", ("vms/web", "vms/db"), CDROM)
    with connected(storing):
        shown = pvc("vm", "remove", "vm1", "--dry-run")
        assert shown.exit_code == 0 and asked == [] and "vms/db" in shown.stdout, shown.output
        done = pvc("vm", "remove", "vm1", "--wait")
    assert done.exit_code == 0, done.output
    told = "vm1 would be removed, and what is on its disks for good: vms/web, vms/db; slow/archive is left"
    assert asked[0].startswith(told)
    assert "warning: slow/archive is left: vm1 only reads it" in done.stderr
    assert volumes(blocks) == ["slow/archive"]
