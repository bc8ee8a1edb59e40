"""Whose an image is: one VM's alone, unless all that have it share it."""

from __future__ import annotations

import pytest
from decide_builders import a_cluster, a_domain, a_node, a_vm

from pvc_core.decide.sharing import DiskTaken, check_alone, check_not_taken, find_clashes
from pvc_core.model.vm import RunningDomain, VmSpec, Wanted

DISK = "vms/web"
WEB1 = a_vm(1, rbd_disks=(DISK, "vms/one"))
WEB2 = a_vm(2, state=Wanted.STOP, rbd_disks=("vms/two", DISK))
NODES = [a_node("hv1"), a_node("hv2")]


def shared(vm: VmSpec) -> VmSpec:
    return vm.but(shareable_disks=(DISK,))


def test_both_must_share_it() -> None:
    for one, other in ((WEB1, WEB2), (shared(WEB1), WEB2), (WEB1, shared(WEB2))):
        (clash,) = find_clashes(a_cluster(NODES, [one, other]), one)
        assert (clash.disk, clash.other.name) == (DISK, "vm2")
    assert not list(find_clashes(a_cluster(NODES, [shared(WEB1), shared(WEB2)]), shared(WEB1)))
    assert not list(find_clashes(a_cluster(NODES, [WEB1, a_vm(3, rbd_disks=("vms/3",))]), WEB1))


def test_what_runs_must_share_it_as_well() -> None:
    """Its definition says so by now; the guest that runs was not started like that."""
    running = shared(WEB1).but(running=RunningDomain(memory_mib=128, rbd_disks=(DISK,)))
    assert running.shared_disks == ()
    assert list(find_clashes(a_cluster(NODES, [running, shared(WEB2)]), shared(WEB2)))


def test_another_vms_disk_is_refused_with_what_to_do() -> None:
    with pytest.raises(DiskTaken, match="vms/web is a disk of vm1") as refused:
        check_not_taken(a_cluster(NODES, [WEB1]), WEB2)
    assert "volume clone vms web vm2" in refused.value.remedy and "<shareable/>" in refused.value.remedy
    assert refused.value.details == {"vm": "vm1", "disk": DISK}


def test_what_clashed_before_hinders_no_other_change() -> None:
    cluster = a_cluster(NODES, [WEB1, WEB2])
    check_not_taken(cluster, WEB2.but(memory_mib=256), WEB2)
    with pytest.raises(DiskTaken, match="vms/one"):
        check_not_taken(cluster, WEB2.but(rbd_disks=(DISK, "vms/one")), WEB2)
    both = a_cluster(NODES, [shared(WEB1), shared(WEB2)])
    with pytest.raises(DiskTaken):
        check_not_taken(both, WEB2, shared(WEB2))


def test_it_is_started_only_while_the_other_is_off() -> None:
    stopped = WEB1.but(state=Wanted.STOP)
    check_alone(a_cluster(NODES, [stopped, WEB2]), WEB2)
    with pytest.raises(DiskTaken, match="vm2 is not started: vm1 should run on hv1"):
        check_alone(a_cluster(NODES, [WEB1, WEB2]), WEB2)
    seen = [a_node("hv1"), a_node("hv2", domains=[a_domain(1)])]
    with pytest.raises(DiskTaken, match="vm1 runs on hv2, and vms/web is a disk of both"):
        check_alone(a_cluster(seen, [stopped, WEB2]), WEB2)


def test_a_record_from_before_shares_nothing() -> None:
    old = VmSpec.model_validate_json(WEB1.model_dump_json(exclude={"shareable_disks"}))
    assert (old.shareable_disks, old.shared_disks) == ((), ())
