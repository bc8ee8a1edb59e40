"""Whose turn it is: node after node in the order of the guest's stays, none passed over but for silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.turns import Stay, Turn, console_then, decide_turn, leave_console, stays_of, turn_of
from pvc_core.model.log import LogHead
from pvc_core.model.vm import MOST_STAYS, FormerConsole, VmSpec, Wanted

UUID = "6a8bd9a4-1d0f-4f0d-9f5e-7f6f5f1b2a11"


def a_vm(*stays: str, runs: bool = True, former: int = 0) -> VmSpec:
    state = Wanted.START if runs else Wanted.STOP
    node = stays[-1] if stays else "hv1"
    return VmSpec(
        uuid=UUID,
        name="vm1",
        node=node,
        state=state,
        memory_mib=1,
        vcpus=1,
        stays=stays,
        former_stays=former,
    )


def at(turn: int, closed: bool = False, holder: str = "hv1", **fields: object) -> LogHead:
    return LogHead(holder=holder, turn=turn, closed=closed).but(**fields)


def turn(vm: VmSpec, head: LogHead | None, node: str, waited: float = 0.0) -> Turn:
    return decide_turn(vm, head, node, waited, lambda name: 10.0)


def do(vm: VmSpec, head: LogHead | None, node: str, waited: float = 0.0) -> str:
    return turn(vm, head, node, waited).do


def test_who_has_the_guest_follows_it_and_nobody_else() -> None:
    vm = a_vm("hv1")
    assert do(vm, None, "hv1") == do(vm, at(0), "hv1") == "follow"
    assert do(vm, None, "hv2") == "nothing"


def test_a_vm_that_never_ran_concerns_nobody() -> None:
    assert do(a_vm(runs=False), None, "hv1") == "nothing"


def test_the_source_finishes_before_the_target_follows() -> None:
    vm = a_vm("hv1", "hv2")
    assert turn(vm, at(0), "hv1") == Turn("finish", Stay(0, "hv1"), goes_on=True)
    assert do(vm, at(0), "hv2") == "wait"
    assert do(vm, at(0, closed=True), "hv1") == "nothing"
    assert do(vm, at(0, closed=True), "hv2") == "follow"


def test_a_node_between_has_its_turn_whether_it_saw_the_guest_or_not() -> None:
    vm = a_vm("hv1", "hv2", "hv3")
    assert do(vm, None, "hv2") == do(vm, None, "hv3") == "wait"
    assert do(vm, at(0, closed=True), "hv2") == "finish"
    assert do(vm, at(0, closed=True), "hv3") == "wait"
    assert do(vm, at(1, closed=True, holder="hv2"), "hv3") == "follow"


def test_who_is_off_is_read_to_the_end_once() -> None:
    vm = a_vm("hv1", runs=False)
    assert turn(vm, at(0), "hv1") == Turn("finish", Stay(0, "hv1"))
    assert do(vm, None, "hv1") == "finish"
    assert do(vm, at(0, closed=True), "hv1") == "nothing"


def test_two_stays_in_a_row_on_one_node_are_one_turn() -> None:
    vm = a_vm("hv1", "hv1")
    assert turn(vm, at(0), "hv1") == Turn("follow", Stay(1, "hv1"))


def test_a_silent_node_is_passed_over_after_a_while_and_each_counts() -> None:
    vm = a_vm("hv1", "hv2", "hv3")
    assert do(vm, at(0), "hv2", waited=9) == "wait"
    assert turn(vm, at(0), "hv2", waited=11).passed_over == ("hv1",)
    assert do(vm, at(0), "hv3", waited=19) == "wait"
    assert turn(vm, at(0), "hv3", waited=21) == Turn("follow", Stay(2, "hv3"), passed_over=("hv1", "hv2"))


def test_who_was_passed_over_appends_late_unless_its_turn_is_to_come() -> None:
    head = at(1, holder="hv2", owed=("hv1",))
    assert do(a_vm("hv1", "hv2"), head, "hv1") == "late"
    assert do(a_vm("hv1", "hv2", "hv1"), head, "hv1") == "wait"
    assert do(a_vm("hv1", runs=False), at(0, closed=True, owed=("hv1",)), "hv1") == "late"


def test_who_is_back_before_it_finished_is_known() -> None:
    assert turn(a_vm("hv1", "hv2", "hv1"), at(0), "hv1").returns
    assert turn(a_vm("hv1", "hv2", "hv1"), at(0), "hv1").mixed


def test_stays_in_files_of_different_names_are_read_one_after_the_other() -> None:
    vm = leave_console(a_vm("hv1", runs=False), "old.log")
    assert vm.consoles == leave_console(vm, "newer.log").consoles == (FormerConsole(path="old.log", last=0),)
    again = vm.placed("hv1", state=Wanted.START)
    found = turn(again, at(0), "hv1")
    assert (found.do, found.stay, found.returns, found.mixed) == ("finish", Stay(0, "hv1"), True, False)
    assert turn(again, at(0, closed=True), "hv1") == Turn("follow", Stay(1, "hv1"))
    assert console_then(again, Stay(0, "hv1")) == "old.log" and console_then(again, Stay(1, "hv1")) is None
    off = leave_console(again.but(state=Wanted.STOP), "new.log")
    assert [console_then(off, stay) for stay in stays_of(off)] == ["old.log", "new.log"]


def test_a_vm_that_never_ran_leaves_no_console() -> None:
    assert leave_console(a_vm(runs=False), "old.log").consoles == ()


def test_what_comes_late_is_of_the_last_stay_there() -> None:
    vm = a_vm("hv1", "hv2", "hv1", "hv3")
    found = turn(vm, at(3, holder="hv3", owed=("hv1",)), "hv1")
    assert (found.do, found.stay) == ("late", Stay(2, "hv1"))


def test_a_turn_that_is_forgotten_or_never_came_is_that_of_a_stay_there_is() -> None:
    stays = stays_of(a_vm("hv3", "hv4", former=7))
    assert [stay.number for stay in stays] == [7, 8]
    assert turn_of(at(2), stays).number == 7
    assert turn_of(at(9, closed=True), stays).number == 8


def test_each_run_and_each_place_is_a_stay() -> None:
    vm = a_vm(runs=False)
    assert vm.placed("hv1", state=Wanted.START).stays == ("hv1",)
    away = vm.placed("hv1", state=Wanted.START).placed("hv2")
    assert away.stays == away.placed("hv2").stays == ("hv1", "hv2")
    again = away.but(state=Wanted.STOP).placed("hv2", state=Wanted.START)
    assert again.stays == ("hv1", "hv2", "hv2")
    assert a_vm().placed("hv2").stays == ("hv1", "hv2"), "of a record from before stays were noted"


def test_the_oldest_stays_are_forgotten_and_counted() -> None:
    vm = a_vm("hv1")
    for number in range(2 * MOST_STAYS):
        vm = vm.placed("hv2" if number % 2 else "hv3")
    assert len(vm.stays) == MOST_STAYS
    assert stays_of(vm)[-1] == Stay(2 * MOST_STAYS, "hv2")


@given(
    st.lists(st.sampled_from(("hv1", "hv2", "hv3")), min_size=1, max_size=8),
    st.lists(st.sampled_from(("hv1", "hv2", "hv3", "moves")), max_size=60),
)
def test_the_turns_go_round_in_order_whoever_looks_when(route: list[str], looks: list[str]) -> None:
    """Nobody is passed over, at most one may append at a time, and in the end the guest is followed."""
    vm, head, done, left = a_vm(route[0]), None, [], route[1:]
    for look in [*looks, *["moves"] * len(left), *["hv1", "hv2", "hv3"] * (len(route) + 1)]:
        if look == "moves":
            vm = vm.placed(left.pop(0)) if left else vm
            continue
        found = turn(vm, head, look)
        able = [name for name in ("hv1", "hv2", "hv3") if do(vm, head, name) in ("follow", "finish")]
        assert len(able) == 1
        if found.do in ("follow", "finish"):
            done.append(found.stay)
            head = at(found.stay.number, found.do == "finish", look)
    assert [stay.number for stay in done] == sorted(stay.number for stay in done)
    assert set(stays_of(vm)) == set(done)
    assert do(vm, head, vm.node) == "follow"
