"""P9: a decision is committed only if nothing has been placed since the look it was made on."""

from __future__ import annotations

from collections.abc import Callable
from threading import current_thread
from typing import Any

import pytest
from cluster import DoorCluster, domain_xml
from engine_checks import check_sound

from pvc_core.model.operations import FlushNode, MigrateVm, StartVm


def interpose(monkeypatch: pytest.MonkeyPatch, place: str, meanwhile: Callable[[], object]) -> list[str]:
    """Let something happen once, right after a worker's step has looked by the function at `place`."""
    module, _, name = place.rpartition(".")
    original: Any = getattr(__import__(module, fromlist=[name]), name)
    happened: list[str] = []

    def looked(*args: Any) -> Any:
        answer = original(*args)
        if not happened and current_thread().name.startswith("slot"):
            happened.append(place)
            meanwhile()
        return answer

    monkeypatch.setattr(place, looked)
    return happened


def check_nothing_is_overfilled(cluster: DoorCluster) -> None:
    assert all(node.memory_free_mib >= 0 for node in cluster.service.nodes())
    check_sound(cluster)


def test_a_migration_does_not_take_the_room_that_a_rival_took_meanwhile(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = cluster.run_vm("vm1", "hv1", 2000)
    happened = interpose(
        monkeypatch,
        "pvc_tasks.operations.vm_migrate.within_limits",
        lambda: cluster.run_vm("rival", "hv2", 2500),
    )
    job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert happened and job.error is not None and job.error.code == "NO_PLACEMENT"
    assert cluster.where(uuid) == ["hv1"]
    check_nothing_is_overfilled(cluster)


def test_a_start_does_not_take_the_room_that_a_rival_took_meanwhile(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid, rival = cluster.define("vm1", "hv1", 2000), cluster.run_vm("rival", "hv2", 2500)
    happened = interpose(
        monkeypatch,
        "pvc_tasks.operations.vm_start.refuse",
        lambda: cluster.run(MigrateVm(vm=rival, target="hv1")),
    )
    job = cluster.run(StartVm(vm=uuid))
    assert happened and job.state == "succeeded" and cluster.where(uuid) != ["hv1"]
    check_nothing_is_overfilled(cluster)


def test_a_node_is_not_called_flushed_when_a_vm_appeared_there_during_the_proof(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started by hand after libvirt was asked, and adopted by the agent before the verdict."""
    uuid = cluster.define("vm1", "hv1")

    def appear() -> None:
        cluster.fleet.node("hv1").start(domain_xml("vm1", uuid=uuid))
        cluster.await_true(lambda: cluster.service.vm(uuid).spec.state == "start", "it is adopted")

    happened = interpose(monkeypatch, "pvc_tasks.operations.node_flush.still_there", appear)
    job = cluster.run(FlushNode(node="hv1"))
    assert happened and (job.state, job.result["moved"]) == ("succeeded", 1)
    assert cluster.service.node("hv1").state == "flushed" and cluster.where(uuid) != ["hv1"]
    check_sound(cluster)
