"""What the configuration has off is refused by name, and the rest works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster, domain_xml, make_config

from pvc_core.errors import HypervisorUnavailable, SubsystemOff
from pvc_core.model.operations import DefineVm, FlushNode
from pvc_drivers.hypervisor.off import NoHypervisor
from pvc_worker.hypervisor import make_hypervisor


@pytest.fixture
def off(tmp_path: Path) -> Iterator[DoorCluster]:
    found = DoorCluster(tmp_path, subsystems={"hypervisor": False}).start()
    yield found
    found.stop()


def test_an_operation_of_a_subsystem_that_is_off_is_refused_and_changes_nothing(off: DoorCluster) -> None:
    for asked in (DefineVm(xml=domain_xml("vm1")), FlushNode(node="hv1")):
        with pytest.raises(SubsystemOff, match="subsystem hypervisor is off"):
            off.service.submit(asked, ME)
    with pytest.raises(SubsystemOff):
        off.service.plan(FlushNode(node="hv1", dry_run=True))
    assert off.service.vms() == [] and off.service.status().health == "ok"
    assert [job.operation for job in off.service.jobs()] == ["cluster.init"]


def test_a_node_without_hypervisor_says_so_and_never_asks_libvirt(tmp_path: Path) -> None:
    hypervisor = make_hypervisor(make_config(tmp_path, "hv1", subsystems={"hypervisor": False}))
    assert isinstance(hypervisor, NoHypervisor)
    for call in (hypervisor.capacity, hypervisor.domains, lambda: hypervisor.domain("x")):
        with pytest.raises(HypervisorUnavailable, match="off on this node"):
            call()
    hypervisor.on_event(print)
    hypervisor.forget_migration("x")
    hypervisor.close()
