"""A flush with storage: flushed only when no disk of a VM is open from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster, domain_xml
from storage import fill, running
from test_vm_flush_locks import disk
from volumes import SlowEdits, hold_flatten

from pvc_core.model.operations import DefineVm, FlushNode, StartVm
from pvc_tasks.operations import held_disks


@pytest.fixture
def blocks() -> SlowEdits:
    return fill(SlowEdits())


@pytest.fixture
def storing(tmp_path: Path, blocks: SlowEdits, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorCluster]:
    """`web1` runs on hv1, `db1` is stopped and recorded on hv2; each has a disk."""
    monkeypatch.setattr(held_disks, "PATIENCE_S", 1.5)
    monkeypatch.setattr(held_disks, "LOOK_AGAIN_S", 0.05)
    with running(tmp_path, blocks) as found:
        for name, node, volume in (("web1", "hv1", "vms/web"), ("db1", "hv2", "vms/db")):
            device = f"<devices>{disk(volume, 'vda')}{disk(f'nowhere/{name}', 'vdb')}</devices></domain>"
            xml = domain_xml(name).replace("</domain>", device)
            found.service.submit(DefineVm(xml=xml, node=node), ME)
        found.run(StartVm(vm="web1"))
        yield found


def test_flushed_when_nothing_is_open(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.open_volume("vms", "web", "hv2.lab:0/7")
    blocks.open_volume("slow", "archive", "hv1.lab:0/7")
    job = storing.run(FlushNode(node="hv1"))
    assert (job.state, "libvirt, the storage and the records" in job.text) == ("succeeded", True)
    assert storing.service.node("hv1").state == "flushed"


@pytest.mark.parametrize("address", ["hv1.lab:0/7", "127.0.0.1:0/7"])
def test_a_disk_that_stays_open_is_named(storing: DoorCluster, blocks: SlowEdits, address: str) -> None:
    """By the node's own address, or by the one it is really seen with."""
    blocks.open_volume("vms", "db", address)
    job = storing.run(FlushNode(node="hv1"))
    assert (job.state, storing.service.node("hv1").state) == ("partial", "partial")
    assert [(one["vm"], one["code"]) for one in job.result["left"]] == [("db1", "DISK_OPEN")]
    assert f"open from hv1: vms/db (by {address})" in job.result["left"][0]["message"]


def test_a_disk_that_is_still_closing_is_waited_for(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.open_volume("vms", "web", "hv1.lab:0/7")
    job = storing.submit(FlushNode(node="hv1"))
    storing.await_true(lambda: "to be closed" in storing.service.job(job.id).text, "it waits")
    waiting = storing.service.job(job.id).waiting
    assert waiting is not None and waiting.deadline is not None
    assert storing.service.job(job.id).text == "waits for the disks of web1 to be closed on hv1"
    blocks.open_volume("vms", "web")
    assert storing.finish(job).state == "succeeded"


def test_a_task_at_work_there_is_named(storing: DoorCluster, blocks: SlowEdits) -> None:
    flattening = hold_flatten(storing, blocks, "db", "hv1")
    job = storing.run(FlushNode(node="hv1"))
    assert (job.state, [one["vm"] for one in job.result["left"]]) == ("partial", ["db1"])
    assert f"task {flattening.id} is at work there" in job.result["left"][0]["message"]
    assert f"pvc task wait {flattening.id}" in job.result["left"][0]["remedy"]


def test_a_silent_storage_is_waited_for_and_the_flush_can_be_cancelled(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    blocks.hanging = True
    job = storing.submit(FlushNode(node="hv1"))
    storing.await_true(lambda: "has not answered in time" in storing.service.job(job.id).text, "it says so")
    assert storing.service.node("hv1").state == "flushing"
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    assert storing.service.node("hv1").state == "ready"
    blocks.hanging = False
    assert storing.run(FlushNode(node="hv1")).state == "succeeded"
