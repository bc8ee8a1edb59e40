"""Where a node reaches the storage from: reported, compared with what is configured, not forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import DoorCluster
from storage import SlowBlocks, fill, running

from pvc_core.decide.cutting_off import hosts_of
from pvc_core.decide.volume_use import with_nodes
from pvc_core.store.look import look_at_cluster, look_at_node


@pytest.fixture
def blocks() -> SlowBlocks:
    return fill(SlowBlocks())


@pytest.fixture
def storing(tmp_path: Path, blocks: SlowBlocks) -> Iterator[DoorCluster]:
    """hv1 is seen as 127.0.0.1, hv2 as 127.0.0.2; their addresses are hv1.lab and hv2.lab."""
    with running(tmp_path, blocks) as found:
        found.await_true(lambda: all(reported(found, name) for name in found.names), "all have told")
        yield found


def reported(storing: DoorCluster, node: str) -> str:
    report = look_at_node(storing.service.store, node).report
    return "" if report is None else report.storage_address


def test_it_is_reported_and_blocked_with_the_node(storing: DoorCluster) -> None:
    assert (reported(storing, "hv1"), reported(storing, "hv2")) == ("127.0.0.1", "127.0.0.2")
    assert hosts_of(look_at_node(storing.service.store, "hv2")) == ("127.0.0.2",)


def test_what_is_not_configured_is_a_fault(storing: DoorCluster) -> None:
    (fault, _) = [one for one in storing.service.status().faults if one.code == "STORAGE_ADDRESS"]
    assert fault.message == "hv1 reaches the storage from 127.0.0.1, which is none of its addresses"
    assert "node.storage_address: 127.0.0.1" in fault.remedy


def test_a_client_there_is_on_that_node(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.open_volume("vms", "web", "127.0.0.2:0/9")
    (watcher,) = with_nodes(look_at_cluster(storing.service.store), blocks.volume("vms", "web")).watchers
    assert watcher.node == "hv2"


def test_an_agent_that_meets_a_silent_storage_forgets_nothing(
    storing: DoorCluster, blocks: SlowBlocks
) -> None:
    blocks.silent = True
    storing.agents["hv2"].stop()
    storing.start_agent("hv2")
    before = look_at_node(storing.service.store, "hv2").report
    assert before is not None

    def has_told_again() -> bool:
        report = look_at_node(storing.service.store, "hv2").report
        return report is not None and report.sequence > before.sequence + 1

    storing.await_true(has_told_again, "the new one has reported")
    assert reported(storing, "hv2") == "127.0.0.2"
