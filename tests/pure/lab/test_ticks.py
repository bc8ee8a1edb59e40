"""Did a guest lose a tick? Read from console logs."""

from __future__ import annotations

import json

import pytest

from pvc_lab.ticks import as_json, as_text, parse

BOOT = "6b017fc7df41"
LATER = "6b018000aaaa"


def log(*numbers: int, boot: str = BOOT) -> str:
    return "".join(f"tick {boot} {number};\r\n" for number in numbers)


def test_a_guest_that_stayed_at_home() -> None:
    ticks = parse("vm1", {"hv1": log(1, 2, 3)})
    assert ticks.whole
    assert (ticks.boots[0].first, ticks.boots[0].last, ticks.boots[0].nodes) == (1, 3, ["hv1"])


def test_the_journey_is_in_the_order_of_the_ticks() -> None:
    ticks = parse("vm1", {"hv1": log(1, 2, 6), "hv2": log(5), "hv3": log(3, 4)})
    assert ticks.whole
    assert ticks.boots[0].nodes == ["hv1", "hv3", "hv2", "hv1"]


def test_a_lost_tick_is_a_gap() -> None:
    ticks = parse("vm1", {"hv1": log(1, 2), "hv2": log(4, 7)})
    assert not ticks.whole
    assert ticks.boots[0].gaps == [3, 5, 6]


def test_a_tick_in_two_places_is_doubled() -> None:
    ticks = parse("vm1", {"hv1": log(1, 2, 3), "hv2": log(3, 4)})
    assert not ticks.whole
    assert ticks.boots[0].doubled == [3]


def test_a_reboot_is_another_boot_and_the_latest_comes_last() -> None:
    ticks = parse("vm1", {"hv1": log(1, 2, boot=LATER) + log(1, 2, 3)})
    assert not ticks.whole
    assert [boot.id for boot in ticks.boots] == [BOOT, LATER]


@pytest.mark.parametrize("cut", range(1, len(f"tick {BOOT} 13;")))
def test_a_tick_torn_by_a_migration_is_no_gap(cut: int) -> None:
    torn = f"tick {BOOT} 13;"
    logs = {"hv1": log(11, 12) + torn[:cut], "hv2": torn[cut:] + "\r\n" + log(14, 15)}
    assert parse("vm1", logs).whole


@pytest.mark.parametrize("cut", range(1, len(f"tick {BOOT} 13;")))
def test_torn_on_the_way_out_and_home_again(cut: int) -> None:
    torn = f"tick {BOOT} 13;"
    logs = {"hv1": log(12) + torn[:cut] + "\r\n" + log(16), "hv2": torn[cut:] + "\r\n" + log(14, 15)}
    assert parse("vm1", logs).whole


@pytest.mark.parametrize("cut", range(1, len(f"tick {BOOT} 13;")))
def test_half_a_tick_is_a_lost_tick(cut: int) -> None:
    torn = f"tick {BOOT} 13;"
    assert parse("vm1", {"hv1": log(12) + torn[:cut], "hv2": log(14)}).boots[0].gaps == [13]


def test_other_words_on_the_console_do_not_matter() -> None:
    ticks = parse("vm1", {"hv1": "Booting from ROM..\n" + log(1, 2) + "power button pressed, good bye\n"})
    assert ticks.whole


def test_a_silent_guest_is_not_whole() -> None:
    ticks = parse("vm1", {"hv1": ""})
    assert not ticks.whole
    assert as_text([ticks]) == "vm1: no tick seen"


def test_the_sentence_says_what_was_lost() -> None:
    text = as_text([parse("vm1", {"hv1": log(1, 3), "hv2": log(3)})])
    assert text == f"vm1 (1 boot): boot {BOOT} on hv1 > hv2, ticks 1 to 3, 1 LOST [2], 1 TWICE [3]"


def test_machines_can_read_it_too() -> None:
    (record,) = json.loads(as_json([parse("vm1", {"hv1": log(1, 2)})]))
    assert record["whole"] is True
    assert record["boots"][0]["last"] == 2
