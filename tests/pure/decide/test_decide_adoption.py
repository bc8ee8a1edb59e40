"""What an agent puts right, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest
from decide_builders import a_cluster, a_domain, a_node, a_vm, uuid_of

from pvc_core.decide.adoption import NOTHING, decide_corrections
from pvc_core.model.node import Domain
from pvc_core.model.vm import VmSpec, Wanted

ONE = uuid_of(1)


def corrections(
    vm: VmSpec,
    here: tuple[Domain, ...] = (),
    elsewhere: tuple[Domain, ...] = (),
    powered_off: Collection[str] = (),
    fresh: bool = False,
    other_alive: bool = True,
    crashed: Mapping[str, str] = NOTHING,
) -> list[str]:
    """Of hv1's agent, as `do` words; hv2 reports `elsewhere`."""
    cluster = a_cluster([a_node("hv1"), a_node("hv2", alive=other_alive, domains=elsewhere)], [vm])
    found = decide_corrections(cluster, "hv1", here, powered_off, fresh, crashed)
    assert all(item.uuid == ONE and item.reason for item in found)
    return [item.do for item in found]


def test_all_is_well_when_it_runs_where_it_should() -> None:
    assert corrections(a_vm(1), here=(a_domain(1),), fresh=True) == []


@pytest.mark.parametrize("vm", [a_vm(1, "hv2"), a_vm(1, state=Wanted.STOP), a_vm(1, "gone")])
def test_what_runs_here_and_is_recorded_otherwise_is_adopted(vm: VmSpec) -> None:
    assert corrections(vm, here=(a_domain(1),)) == ["adopt"]


@pytest.mark.parametrize("state", ["paused", "shutdown", "suspended"])
def test_a_domain_that_may_still_be_arriving_or_leaving_is_left_alone(state: str) -> None:
    assert corrections(a_vm(1, "hv2"), here=(a_domain(1, state),)) == []


def test_a_migration_that_nobody_saw_end_is_recorded_by_the_agent_that_sees_the_vm() -> None:
    """While its job is at work on the VM, the caller leaves it out."""
    assert corrections(a_vm(1, "hv2", moving_to="hv1"), here=(a_domain(1),)) == ["adopt"]
    assert corrections(a_vm(1, moving_to="hv2"), here=(a_domain(1),)) == ["adopt"]
    assert corrections(a_vm(1, "hv2", moving_to="hv1"), here=(a_domain(1, "paused"),)) == []
    assert corrections(a_vm(1, moving_to="hv2"), here=(a_domain(1),), elsewhere=(a_domain(1),)) == []


def test_two_copies_are_for_an_admin_to_choose_from() -> None:
    assert corrections(a_vm(1, "hv2"), here=(a_domain(1),), elsewhere=(a_domain(1),)) == []
    assert corrections(a_vm(1), elsewhere=(a_domain(1),), fresh=True, powered_off={ONE}) == []


def test_what_a_dead_node_last_reported_is_no_second_copy() -> None:
    assert corrections(a_vm(1, "hv2"), here=(a_domain(1),), elsewhere=(a_domain(1),), other_alive=False) == [
        "adopt"
    ]


def test_a_guest_that_powered_itself_off_is_recorded_as_off_and_not_started() -> None:
    assert corrections(a_vm(1), powered_off={ONE}, fresh=True) == ["off"]


def test_what_should_run_and_does_not_is_started_only_when_nobody_watched_before() -> None:
    assert corrections(a_vm(1), fresh=True) == ["start"]
    assert corrections(a_vm(1), fresh=False) == []


def test_a_guest_that_crashed_is_seen_to_whether_it_was_heard_or_is_still_shown() -> None:
    assert corrections(a_vm(1), crashed={ONE: "its QEMU process died"}, fresh=True) == ["recover"]
    assert corrections(a_vm(1), here=(a_domain(1, "crashed"),), fresh=True) == ["recover"]
    assert corrections(a_vm(1), here=(a_domain(1),), crashed={ONE: "died"}, fresh=True) == []


@pytest.mark.parametrize("vm", [a_vm(1, state=Wanted.STOP), a_vm(1, state=Wanted.DISABLE), a_vm(1, "hv2")])
def test_a_crash_of_what_should_not_run_here_is_nothing_to_cure(vm: VmSpec) -> None:
    """The incoming half of a migration that failed, for one."""
    assert corrections(vm, crashed={ONE: "its QEMU process died"}, fresh=True) == []


def test_a_paused_guest_is_where_it_should_be() -> None:
    assert corrections(a_vm(1), here=(a_domain(1, "paused"),), fresh=True) == []


@pytest.mark.parametrize("vm", [a_vm(1, state=Wanted.STOP), a_vm(1, state=Wanted.DISABLE), a_vm(1, "hv2")])
def test_what_should_not_run_here_is_not_started(vm: VmSpec) -> None:
    assert corrections(vm, fresh=True, powered_off={ONE}) == []


def test_a_strangers_domain_is_nobodys_business() -> None:
    assert corrections(a_vm(1), here=(a_domain(1), a_domain(99))) == []
