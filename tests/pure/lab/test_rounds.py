"""Reading what a guest says of its disk."""

from __future__ import annotations

import pytest

from pvc_lab.rounds import as_text, parse

FIRST, SECOND = "6b01bc0fe478", "6b01bc7e7b8a"


def told(boot: str, first: int, last: int, spoilt: int = 0) -> str:
    return "".join(
        f"round {boot} {number} {spoilt};\r\ntick {boot} 1;\r\n" for number in range(first, last + 1)
    )


def found(boot: str, *slots: object) -> str:
    return "".join(f"found {boot} {slot} {round_};\r\n" for slot, round_ in enumerate(slots))


# After round 20 the slots 0 to 7 hold these; slot 5 is the one round 21 goes to.
KEPT: tuple[object, ...] = (16, 17, 18, 19, 20, 13, 14, 15)


def after_a_cut(*slots: object) -> list[str]:
    texts = {"hv1": told(FIRST, 1, 20), "hv2": found(SECOND, *slots) + told(SECOND, 21, 22)}
    return parse("vm", texts).sessions[-1].lost


def test_everything_told_is_found_again() -> None:
    assert after_a_cut(*KEPT) == []


@pytest.mark.parametrize("held", [13, 21, "torn"])
def test_the_round_under_way_may_be_there_half_or_not(held: object) -> None:
    assert after_a_cut(*KEPT[:5], held, *KEPT[6:]) == []


@pytest.mark.parametrize(
    "slot, held", [(4, 12), (4, "torn"), (4, 0), (0, 8), (5, 5), (5, 29), (3, "unreadable")]
)
def test_a_round_that_was_told_and_is_not_there_is_lost(slot: int, held: object) -> None:
    slots = [*KEPT]
    slots[slot] = held
    assert after_a_cut(*slots) == [f"slot {slot} holds {held}, not {KEPT[slot]}"]


def test_a_slot_that_was_not_read_proves_nothing() -> None:
    assert after_a_cut(*KEPT[:7]) == ["slot 7 was not read"]


def test_few_rounds_leave_slots_empty() -> None:
    texts = {"hv1": told(FIRST, 1, 3), "hv2": found(SECOND, 0, 1, 2, 3, 0, 0, 0, 0) + told(SECOND, 4, 5)}
    assert parse("vm", texts).whole


def test_a_new_disk_is_empty() -> None:
    assert parse("vm", {"hv1": found(FIRST, *[0] * 8) + told(FIRST, 1, 9)}).whole


def test_what_was_spoilt_is_remembered_over_a_migration() -> None:
    texts = {"hv1": told(FIRST, 1, 8) + told(FIRST, 9, 9, 1), "hv2": told(FIRST, 10, 12, 1)}
    (session,) = parse("vm", texts).sessions
    assert (session.spoilt, session.nodes, session.whole) == (1, ["hv1", "hv2"], False)


def test_refused_writes_are_counted_and_told() -> None:
    texts = {"hv1": told(FIRST, 1, 2) + f"refused {FIRST} 3;\n" * 4 + told(FIRST, 3, 3)}
    seen = parse("vm", texts)
    assert seen.whole and "4 writes refused" in as_text([seen])


def test_a_guest_that_wrote_nothing_has_proved_nothing() -> None:
    assert not parse("vm", {}).whole
    assert as_text([parse("vm", {})]) == "vm: no round seen"
