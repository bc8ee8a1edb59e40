"""The table of what may be done to a VM: walked cell by cell, and reached from every snapshot."""

from __future__ import annotations

from itertools import product

import pytest
from decide_builders import JOB, a_cluster, a_domain, a_node, a_vm

from pvc_core.decide.states_document import AFTER, drawn
from pvc_core.decide.transitions import (
    ALREADY,
    CELLS,
    REFUSALS,
    Act,
    Seen,
    check_transition,
    decide_transition,
    judge,
    see,
)
from pvc_core.errors import WrongState
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import VmSpec, Wanted

ROWS = sorted({(wanted, seen) for wanted, seen, _ in CELLS})
STATES = (
    "running", "paused", "blocked", "shutdown", "shutoff", "crashed", "suspended", "unknown", None,
)  # fmt: skip
ONLY_OF_THE_WANTED = {Seen.MOVING, Seen.UNKNOWN}


def situation(
    wanted: Wanted,
    own: str | None,
    other: str | None,
    alive: bool = True,
    moving: bool = False,
    behind: bool = False,
) -> tuple[Cluster, VmSpec]:
    """vm1 of hv1, as hv1 (`own`) and hv2 (`other`) show it; `behind`: hv1's report is too old to tell."""

    def node(name: str, state: str | None, alive: bool = True) -> Node:
        return a_node(name, alive=alive, domains=[a_domain(1, state)] if state else (), sequence=9)

    vm = a_vm(
        1,
        state=wanted,
        moving_to="hv2" if moving else None,
        moving_job=JOB if moving else None,
        report_marks={"hv1": 9 if behind else 2},
    )
    return a_cluster([node("hv1", own, alive), node("hv2", other)], [vm]), vm


def test_the_table_is_whole() -> None:
    assert {act for _, _, act in CELLS} == set(Act)
    assert len(CELLS) == len(ROWS) * len(Act)
    assert {row for row in product(Wanted, Seen) if row not in ROWS} == {
        (wanted, seen) for wanted in (Wanted.STOP, Wanted.DISABLE) for seen in ONLY_OF_THE_WANTED
    }


@pytest.mark.parametrize(
    ("wanted", "own", "other", "alive", "moving", "behind"),
    [
        case
        for case in product(Wanted, STATES, STATES, *[(True, False)] * 3)
        if case[0] is Wanted.START or not case[4]
    ],
)
def test_every_situation_has_its_row_and_every_request_its_answer(
    wanted: Wanted, own: str | None, other: str | None, alive: bool, moving: bool, behind: bool
) -> None:
    cluster, vm = situation(wanted, own, other, alive, moving, behind)
    assert (wanted, see(cluster, vm)) in ROWS
    for act in Act:
        verdict = decide_transition(cluster, vm, act)
        assert not (verdict.already and verdict.refusal)
        if verdict.refusal is not None:
            assert verdict.refusal.message and verdict.refusal.remedy
            with pytest.raises(WrongState):
                check_transition(cluster, vm, act)
        else:
            check_transition(cluster, vm, act)


@pytest.mark.parametrize(("wanted", "seen"), ROWS)
@pytest.mark.parametrize("act", Act)
def test_a_cell_is_what_its_word_says(wanted: Wanted, seen: Seen, act: Act) -> None:
    cell, verdict = CELLS[wanted, seen, act], judge(a_vm(1, state=wanted), seen, act)
    if cell == "yes":
        assert (verdict.already, verdict.refusal) == ("", None)
    elif cell == "already":
        assert verdict.already == ALREADY[act].format(vm="vm1", node="hv1") and verdict.refusal is None
    else:
        assert verdict.refusal is not None and verdict.refusal.code == REFUSALS[cell].error.code
        said = verdict.refusal.message + verdict.refusal.remedy
        assert "{" not in said and "vm1" in said


@pytest.mark.parametrize("more", [{"restart_on_ready": "hv1"}, {"left_down": "it crashed 6 times"}])
def test_what_pvc_itself_has_stopped_is_not_stopped_already(more: dict[str, str]) -> None:
    """A flush would start it again; a fault would be shown for ever."""
    vm = a_vm(1, state=Wanted.STOP, **more)
    assert {act for act in ALREADY if judge(vm, Seen.OFF, act).already} == set()
    assert judge(vm.but(restart_on_ready=None, left_down=""), Seen.OFF, Act.STOP).already


def test_no_word_of_the_table_is_without_use() -> None:
    assert set(CELLS.values()) - {"yes", "already"} == set(REFUSALS)
    assert {act for (_, _, act), cell in CELLS.items() if cell == "already"} == set(ALREADY)


@pytest.mark.parametrize(("wanted", "seen"), ROWS)
def test_no_state_is_without_a_way_out(wanted: Wanted, seen: Seen) -> None:
    """A VM on a silent node waits for the node; all others can be ended or started by their admin."""
    ways = {act for act in AFTER if CELLS[wanted, seen, act] == "yes"}
    assert ways if seen is not Seen.UNKNOWN else not ways


@pytest.mark.parametrize(("wanted", "seen"), ROWS)
def test_what_is_disabled_or_stopped_is_never_started_by_pvc_itself(wanted: Wanted, seen: Seen) -> None:
    if wanted is not Wanted.START:
        assert CELLS[wanted, seen, Act.RECOVER] in ("stopped", "disabled", "twice")


@pytest.mark.parametrize(("wanted", "seen"), ROWS)
def test_nothing_that_may_run_is_forgotten_disabled_or_started_twice(wanted: Wanted, seen: Seen) -> None:
    if seen is not Seen.OFF:
        assert CELLS[wanted, seen, Act.UNDEFINE] not in ("yes", "already")
        assert CELLS[wanted, seen, Act.DISABLE] == CELLS[wanted, seen, Act.SHUTDOWN], "it is shut down first"
    if seen in (Seen.TWICE, Seen.UNKNOWN) or (wanted is not Wanted.START and seen is Seen.RUNNING):
        assert CELLS[wanted, seen, Act.START] not in ("yes", "already")


@pytest.mark.parametrize(
    ("wanted", "own", "other", "more", "expected"),
    [
        (Wanted.START, "running", None, {}, Seen.RUNNING),
        (Wanted.START, "shutdown", None, {}, Seen.RUNNING),
        (Wanted.START, "paused", None, {}, Seen.PAUSED),
        (Wanted.START, "crashed", None, {}, Seen.CRASHED),
        (Wanted.START, None, None, {}, Seen.OFF),
        (Wanted.START, "running", "running", {}, Seen.TWICE),
        (Wanted.START, "running", "paused", {"moving": True}, Seen.MOVING),
        (Wanted.START, "running", None, {"alive": False}, Seen.UNKNOWN),
        (Wanted.START, None, None, {"behind": True}, Seen.RUNNING),
        (Wanted.START, "paused", None, {"behind": True}, Seen.RUNNING),
        (Wanted.STOP, None, None, {}, Seen.OFF),
        (Wanted.STOP, None, "running", {}, Seen.RUNNING),
        (Wanted.STOP, "running", None, {"behind": True}, Seen.OFF),
        (Wanted.STOP, None, "running", {"behind": True}, Seen.RUNNING),
        (Wanted.STOP, "running", "running", {"behind": True}, Seen.RUNNING),
        (Wanted.STOP, None, None, {"alive": False}, Seen.OFF),
        (Wanted.DISABLE, "running", "running", {}, Seen.TWICE),
    ],
)
def test_what_is_seen(
    wanted: Wanted, own: str | None, other: str | None, more: dict[str, bool], expected: Seen
) -> None:
    assert see(*situation(wanted, own, other, **more)) is expected


def test_a_guest_that_is_being_started_does_not_stand_still() -> None:
    """So that a flush waits for its start, and does not leave it as paused."""
    starting = a_domain(1, "paused").but(reason="starting up")
    vm = a_vm(1, report_marks={"hv1": 2})
    assert see(a_cluster([a_node("hv1", domains=[starting], sequence=9)], [vm]), vm) is Seen.RUNNING


def test_the_arrows_between_what_is_wanted() -> None:
    assert drawn() == {
        (Wanted.STOP, Wanted.START): ["start"],
        (Wanted.DISABLE, Wanted.START): ["start"],
        (Wanted.START, Wanted.STOP): ["shutdown", "stop"],
        (Wanted.DISABLE, Wanted.STOP): ["shutdown", "stop"],
        (Wanted.START, Wanted.DISABLE): ["disable", "disable --force"],
        (Wanted.STOP, Wanted.DISABLE): ["disable", "disable --force"],
    }
