"""A node's storage goes down for a while: checked, held, released, awaited; also when jobs die in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from storage import fill, running

from pvc_core.errors import SubsystemOff, WrongState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_tasks.operations.maintenance import UnsafeToStop

DOWN = FlushNode(node="hv2", maintenance=True)


@pytest.fixture
def blocks() -> FakeBlocks:
    return fill(FakeBlocks())


@pytest.fixture
def storing(tmp_path: Path, blocks: FakeBlocks) -> Iterator[DoorCluster]:
    with running(tmp_path, blocks, nodes=3) as found:
        yield found


def waits(storing: DoorCluster, job: str, text: str) -> None:
    def told() -> bool:
        found = storing.service.job(job)
        assert not found.state.finished, found
        return found.state == "waiting" and text in found.text

    storing.await_true(told, f"it says: {text}")


def test_its_osds_are_held_until_it_is_ready(storing: DoorCluster, blocks: FakeBlocks) -> None:
    vm = storing.run_vm("vm1", "hv2")
    job = storing.run(DOWN)
    assert job.state == "succeeded" and "osd.1 is held (noout)" in [line.text for line in job.log]
    assert blocks.held_hosts() == ["hv2"]
    node = storing.service.node("hv2")
    assert node.maintenance is not None and node.maintenance.job == job.id
    assert storing.service.status().maintenance == ("hv2",)
    ready = storing.run(ReadyNode(node="hv2"))
    assert (ready.state, storing.where(vm), blocks.held_hosts()) == ("succeeded", ["hv2"], [])
    assert storing.service.node("hv2").maintenance is None and storing.service.status().maintenance == ()


def test_a_plain_flush_holds_nothing(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.osd_goes(0, up=False)
    assert storing.run(FlushNode(node="hv2")).state == "succeeded"
    assert blocks.held_hosts() == [] and storing.service.node("hv2").maintenance is None


def test_one_already_flushed_can_go_into_maintenance(storing: DoorCluster, blocks: FakeBlocks) -> None:
    storing.run(FlushNode(node="hv2"))
    assert storing.run(DOWN).state == "succeeded" and blocks.held_hosts() == ["hv2"]
    with pytest.raises(WrongState, match="flushed already"):
        storing.submit(DOWN)


@pytest.mark.parametrize("asked", [DOWN, FlushNode(node="hv2", maintenance=True, dry_run=True)])
def test_refused_by_name_where_data_would_be_lost(
    storing: DoorCluster, blocks: FakeBlocks, asked: FlushNode
) -> None:
    blocks.osd_goes(0, up=False)
    with pytest.raises(UnsafeToStop, match="hv2 cannot go into maintenance: osd ok-to-stop"):
        storing.service.plan(asked) if asked.dry_run else storing.submit(asked)
    assert storing.service.node("hv2").state == "ready" and blocks.held_hosts() == []
    assert [job.operation for job in storing.service.jobs()] == ["cluster.init"]


def test_what_is_in_maintenance_already_counts_as_stopped(storing: DoorCluster, blocks: FakeBlocks) -> None:
    storing.run(FlushNode(node="hv1", maintenance=True))
    with pytest.raises(UnsafeToStop) as refused:
        storing.submit(DOWN)
    assert len(refused.value.details["objections"]) == 2, "neither data nor quorum would be left"


def test_it_is_checked_again_when_its_turn_comes(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.silent = True
    job = storing.submit(DOWN)
    waits(storing, job.id, "has not answered in time")
    blocks.osd_goes(0, up=False)
    blocks.silent = False
    ended = storing.finish(job)
    assert ended.error is not None and ended.error.code == "UNSAFE_TO_STOP"
    assert storing.service.node("hv2").state == "ready" and blocks.held_hosts() == []


def test_what_is_empty_is_not_flushed_while_it_must_not_stop(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    storing.fleet.migration_s = 0.5
    storing.run_vm("vm1", "hv2")
    job = storing.submit(DOWN)
    storing.await_true(lambda: blocks.held_out == {"hv2"}, "held")
    blocks.osd_goes(2, up=False)
    waits(storing, job.id, "not to be switched off yet: osd ok-to-stop")
    blocks.osd_goes(2, up=True)
    assert storing.finish(job).state == "succeeded"


def test_a_cancelled_flush_lets_go(storing: DoorCluster, blocks: FakeBlocks) -> None:
    storing.fleet.migration_s = 30
    storing.run_vm("vm1", "hv2")
    job = storing.submit(DOWN)
    storing.await_true(lambda: blocks.held_out == {"hv2"}, "held")
    storing.service.cancel(job.id, ME)
    assert "its OSDs are released" in storing.finish(job).text
    assert blocks.held_hosts() == [] and storing.service.node("hv2").maintenance is None


def test_where_it_could_not_let_go_that_shows_and_ready_does(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    storing.fleet.migration_s = 30
    storing.run_vm("vm1", "hv2")
    job = storing.submit(DOWN)
    storing.await_true(lambda: blocks.held_out == {"hv2"}, "held")
    blocks.silent = True
    storing.service.cancel(job.id, ME)
    assert "stay held" in storing.finish(job).text
    assert "MAINTENANCE_LEFT_ON" in [fault.code for fault in storing.service.status().faults]
    blocks.silent = False
    assert storing.run(ReadyNode(node="hv2")).state == "succeeded"
    assert blocks.held_hosts() == []
    assert "MAINTENANCE_LEFT_ON" not in [fault.code for fault in storing.service.status().faults]


def test_the_worker_dies_between_the_record_and_the_flag(storing: DoorCluster, blocks: FakeBlocks) -> None:
    job = _die_in_mid_flush(storing, blocks)
    storing.start_worker("hv2")
    assert storing.finish(job).state == "succeeded"
    assert blocks.held_hosts() == ["hv2"] and storing.service.node("hv2").maintenance is not None


def test_ready_lets_go_of_what_a_dead_job_held(storing: DoorCluster, blocks: FakeBlocks) -> None:
    job = _die_in_mid_flush(storing, blocks)
    storing.service.cancel(job.id, ME)
    storing.service.cancel(job.id, ME, force=True)
    blocks.hold_osds("hv2")
    storing.start_worker("hv2")
    assert storing.run(ReadyNode(node="hv2")).state == "succeeded"
    assert blocks.held_hosts() == [] and storing.service.node("hv2").maintenance is None


def _die_in_mid_flush(storing: DoorCluster, blocks: FakeBlocks):  # type: ignore[no-untyped-def]
    held = blocks.hold_osds

    def die(host: str) -> None:
        blocks.silent = True
        held(host)

    blocks.hold_osds = die  # type: ignore[method-assign]
    job = storing.submit(DOWN)
    storing.await_true(lambda: storing.service.node("hv2").maintenance is not None, "on record")
    storing.await_true(lambda: blocks.silent, "about to hold")
    storing.kill_worker("hv2")
    assert blocks.held_out == set()
    blocks.hold_osds, blocks.silent = held, False  # type: ignore[method-assign]
    return job


def test_ready_waits_for_osds_and_for_clean_placement_groups(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    vm = storing.run_vm("vm1", "hv2")
    storing.run(DOWN)
    blocks.osd_goes(1, up=False)
    blocks.unclean = {"active+undersized+degraded": 12}
    job = storing.submit(ReadyNode(node="hv2"))
    waits(storing, job.id, "waits for osd.1 of hv2 to come up")
    assert blocks.held_hosts() == ["hv2"]
    blocks.osd_goes(1, up=True)
    waits(storing, job.id, "waits for 12 placement groups: 12 degraded, 12 undersized")
    assert blocks.held_hosts() == [] and storing.where(vm) != ["hv2"]
    blocks.silent = True
    waits(storing, job.id, "has not answered in time")
    blocks.silent, blocks.unclean = False, {"active+clean+scrubbing": 3}
    assert storing.finish(job).state == "succeeded" and storing.where(vm) == ["hv2"]


def test_that_wait_can_be_cancelled_or_left_out(storing: DoorCluster, blocks: FakeBlocks) -> None:
    storing.run(DOWN)
    blocks.osd_goes(1, up=False)
    blocks.unclean = {"active+undersized": 1}
    job = storing.submit(ReadyNode(node="hv2"))
    waits(storing, job.id, "waits for osd.1")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    assert (storing.service.node("hv2").state, blocks.held_hosts()) == ("flushed", ["hv2"])
    assert "nothing was begun" in storing.service.job(job.id).text
    blocks.osd_goes(1, up=True)
    job = storing.submit(ReadyNode(node="hv2"))
    waits(storing, job.id, "waits for 1 placement group")
    storing.service.cancel(job.id, ME)
    text = storing.finish(job).text
    assert "the OSDs of hv2 are released, and stay so; hv2 is flushed, as it was" in text
    assert (storing.service.node("hv2").state, blocks.held_hosts()) == ("flushed", [])
    assert storing.run(ReadyNode(node="hv2", unclean=True)).state == "succeeded"
    assert blocks.held_hosts() == []


def test_without_storage_maintenance_is_refused_and_ready_waits_for_nothing(cluster: DoorCluster) -> None:
    with pytest.raises(SubsystemOff, match="--maintenance: the subsystem storage is off"):
        cluster.submit(DOWN)
    cluster.run(FlushNode(node="hv2"))
    assert cluster.run(ReadyNode(node="hv2")).state == "succeeded"
