"""What an import has made goes with it; what somebody else was given meanwhile does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from exporting import ExportBlocks, fill
from storage import GIB, running
from volumes import define_with

from pvc_core.errors import StorageUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import AddVolume, ExportVmSnapshot, ImportVm
from pvc_drivers.blocks.port import Tell

IMPORT = ImportVm(directory="out", node="hv2", rename="copy")


class Blocks(ExportBlocks):
    """What is to be called `hold` is open by somebody; removing `dies_of` dies once it had its effect."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = ""
        self.dies_of = ""

    def rename_volume(self, pool: str, volume: str, new: str) -> None:
        if new == self.hold:
            self.open_volume(pool, volume, "10.0.0.9:0/1")
        super().rename_volume(pool, volume, new)

    def let_go(self) -> None:
        self.hold = ""
        for name in self.drafts():
            self.open_volume("vms", name)

    def remove_volume(self, pool: str, name: str, tell: Tell) -> None:
        super().remove_volume(pool, name, tell)
        if self.dies_of and name.endswith(self.dies_of):
            self.dies_of = ""
            self.add_volume(pool, "copy-0", GIB)
            raise StorageUnavailable("the process dies here")


@pytest.fixture
def blocks() -> Blocks:
    return Blocks()


@pytest.fixture
def storing(tmp_path: Path, blocks: Blocks, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorCluster]:
    monkeypatch.setattr("pvc_tasks.operations.vm_import.LOOK_AGAIN_S", 0.05)
    section = {"export_directory": str(tmp_path / "exports"), "overcommit": 100}
    with running(tmp_path, blocks, storage=section) as found:
        fill(found, blocks)
        assert found.run(ExportVmSnapshot(vm="vm1", snapshot="first", directory="out")).state == "succeeded"
        yield found


def half_placed(cluster: DoorCluster, blocks: Blocks) -> Job:
    """Its first volume has its name, its second is open by somebody."""
    blocks.hold = "copy-1"
    job = cluster.submit(IMPORT)
    cluster.await_true(lambda: "is open" in cluster.service.job(job.id).text, "it waits for the second")
    assert "copy-0" in blocks.held["vms"]
    return job


@pytest.mark.parametrize("cancelled", [False, True], ids=["goes on", "is cancelled"])
def test_a_volume_that_a_vm_was_given_meanwhile_stays(
    storing: DoorCluster, blocks: Blocks, cancelled: bool
) -> None:
    job = half_placed(storing, blocks)
    define_with(storing, "shop", "vms/copy-0")
    if cancelled:
        storing.service.cancel(job.id, ME)
    blocks.let_go()
    ended = storing.finish(job)
    assert ended.state == ("cancelled" if cancelled else "failed")
    assert "vms/copy-0 stays: VM shop has it as a disk" in ended.text
    assert "copy-0" in blocks.held["vms"] and "copy-1" not in blocks.held["vms"] and blocks.drafts() == []


def test_a_name_that_is_made_anew_is_not_removed_by_whoever_goes_on(
    storing: DoorCluster, blocks: Blocks
) -> None:
    job = half_placed(storing, blocks)
    blocks.dies_of = ".0"
    storing.service.cancel(job.id, ME)
    blocks.let_go()
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "nothing is left" in ended.text
    assert blocks.found("vms", "copy-0").size == GIB and blocks.drafts() == []


def test_a_cancel_does_not_wait_for_a_silent_storage_for_long(
    storing: DoorCluster, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SILENT_S", "LOOK_AGAIN_S"):
        monkeypatch.setattr(f"pvc_tasks.operations.volume_common.{name}", 0.2)
    job = half_placed(storing, blocks)
    blocks.silent = blocks.hanging = True
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "the storage is silent" in ended.text
    assert f"vms/import.{job.id[16:24]}.1" in ended.text and "vms/copy-0" in ended.text


def test_nobody_else_makes_its_volumes_while_it_is_at_work(storing: DoorCluster, blocks: Blocks) -> None:
    job = half_placed(storing, blocks)
    other = storing.submit(AddVolume(pool="vms", volume="copy-1", size="1G"))
    storing.await_true(lambda: "waits for lock" in storing.service.job(other.id).text, "it waits")
    assert job.id in storing.service.job(other.id).text
    storing.service.cancel(other.id, ME)
    blocks.let_go()
    assert storing.finish(job).state == "succeeded"


def test_it_waits_for_whoever_has_its_names(storing: DoorCluster, blocks: Blocks) -> None:
    """And looks once they are its own."""
    blocks.hanging = True
    other = storing.submit(AddVolume(pool="vms", volume="copy-1", size="1G"))
    storing.await_true(lambda: storing.service.job(other.id).state == "waiting", "the storage is silent")
    job = storing.submit(IMPORT)
    storing.await_true(lambda: "waits for lock" in storing.service.job(job.id).text, "it waits")
    blocks.hanging = False
    assert storing.finish(other).state == "succeeded"
    ended = storing.finish(job)
    assert ended.error is not None and ended.error.code == "ALREADY_EXISTS" and blocks.drafts() == []


def test_a_disk_of_a_vm_is_nobody_elses_though_it_is_not_there(storing: DoorCluster, blocks: Blocks) -> None:
    define_with(storing, "shop", "vms/copy-1")
    ended = storing.run(IMPORT)
    assert ended.error is not None and ended.error.code == "ALREADY_EXISTS" and "VM shop has" in ended.text
    assert blocks.drafts() == []
