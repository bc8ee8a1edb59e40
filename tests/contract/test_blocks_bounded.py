"""A call into the storage that never returns does not keep its caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pvc_core.errors import NotFound, StorageUnavailable
from pvc_drivers.blocks.bounded import MAX_CALLS, Bounded
from pvc_drivers.blocks.places import SLOW_S


@pytest.fixture
def silence() -> Iterator[threading.Event]:
    """Whoever waits for it hangs until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_answers_and_errors_pass_through() -> None:
    bounded = Bounded(5)
    assert bounded.call("sum", lambda: 1 + 1) == 2
    with pytest.raises(NotFound, match="no such thing"):
        bounded.call("find", lambda: _raise(NotFound("no such thing")))


def test_a_call_that_hangs_fails_in_time_and_the_next_of_its_name_at_once(silence: threading.Event) -> None:
    bounded = Bounded(0.2)
    with pytest.raises(StorageUnavailable, match="in time: volumes of vms"):
        bounded.call("volumes of vms", silence.wait)
    began = time.monotonic()
    with pytest.raises(StorageUnavailable, match="has not answered for"):
        bounded.call("volumes of vms", silence.wait)
    assert time.monotonic() - began < 0.15
    assert bounded.call("status", lambda: "ok") == "ok"


def test_once_it_has_returned_it_may_be_asked_again(silence: threading.Event) -> None:
    bounded = Bounded(0.2)
    with pytest.raises(StorageUnavailable):
        bounded.call("pools", silence.wait)
    silence.set()
    deadline = time.monotonic() + 5
    while True:
        try:
            assert bounded.call("pools", lambda: ["vms"]) == ["vms"]
            return
        except StorageUnavailable:
            assert time.monotonic() < deadline


def test_hanging_calls_are_bounded_in_number(silence: threading.Event) -> None:
    bounded = Bounded(0.05)
    for number in range(MAX_CALLS):
        with pytest.raises(StorageUnavailable, match="in time"):
            bounded.call(f"call {number}", silence.wait)
    with pytest.raises(StorageUnavailable, match=f"{MAX_CALLS} calls"):
        bounded.call("one more", lambda: None)


def _raise(error: Exception) -> None:
    raise error


def crowd(count: int, ask: Callable[[int], object]) -> list[tuple[float, str]]:
    """So many at once: how long each had to wait, and what for."""
    ends: list[tuple[float, str]] = []

    def one(number: int) -> None:
        began = time.monotonic()
        try:
            said = str(ask(number))
        except StorageUnavailable as error:
            said = error.message
        ends.append((time.monotonic() - began, said))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return ends


def test_a_silent_storage_keeps_a_few_callers_and_the_others_fail_soon(silence: threading.Event) -> None:
    bounded = Bounded(2.0, places=4)
    ends = crowd(40, lambda number: bounded.call(f"volume {number}", silence.wait, "vms"))
    assert sum(waited > 1.5 for waited, _ in ends) == 3
    assert sum("wait for it" in said for waited, said in ends if waited < SLOW_S + 0.5) == 37


def test_after_that_one_at_a_time_finds_out_whether_it_answers_again(silence: threading.Event) -> None:
    bounded = Bounded(0.8, places=4)
    crowd(10, lambda number: bounded.call(f"volume {number}", silence.wait, "vms"))
    ends = crowd(10, lambda number: bounded.call(f"pool {number}", silence.wait, "vms"))
    assert sum(waited > 0.75 for waited, _ in ends) == 1
    assert bounded.call("again", lambda: "here", "vms") == "here"
    assert all(said == "here" for _, said in crowd(40, lambda number: bounded.call("any", slow, "vms")))


def test_one_part_that_is_silent_leaves_a_place_to_the_others(silence: threading.Event) -> None:
    """As pools whose OSDs hang to the monitors, which show why."""
    bounded = Bounded(1.5, places=4)
    crowding = threading.Thread(
        target=crowd, args=(10, lambda number: bounded.call(str(number), silence.wait, "slow"))
    )
    crowding.start()
    time.sleep(SLOW_S + 0.2)
    for part in ("", "vms"):
        began = time.monotonic()
        assert bounded.call("status", lambda: "ok", part) == "ok"
        assert time.monotonic() - began < 0.2
    crowding.join(20)


def test_one_image_that_hangs_does_not_switch_off_its_pool(silence: threading.Event) -> None:
    """Whatever is asked of it, and however often."""
    bounded = Bounded(0.3, places=4)
    for number in range(3):
        crowd(5, lambda each, number=number: bounded.call(f"{number} of web", silence.wait, "vms"))
        began = time.monotonic()
        assert bounded.call("volume db", lambda: "ok", "vms") == "ok"
        assert time.monotonic() - began < 0.2


def test_many_calls_that_are_answered_all_are(silence: threading.Event) -> None:
    bounded = Bounded(5.0, places=4)
    ends = crowd(60, lambda number: bounded.call(f"volume {number}", slow, "vms"))
    assert [said for _, said in ends] == ["here"] * 60


def test_an_answer_nobody_waits_for_any_more_counts(silence: threading.Event) -> None:
    bounded = Bounded(0.3, places=4)
    crowd(3, lambda number: bounded.call(f"volume {number}", silence.wait, "vms"))
    silence.set()
    time.sleep(0.1)
    ends = crowd(
        3, lambda number: bounded.call(f"volume {number}", lambda: time.sleep(0.25) or "here", "vms")
    )
    assert max(waited for waited, _ in ends) < 0.45, "all at once"


def test_a_refusal_is_an_answer() -> None:
    bounded = Bounded(5.0, places=4)
    for _ in range(5):
        with pytest.raises(NotFound):
            bounded.call("find", lambda: _raise(NotFound("no such thing")), "vms")
    ends = crowd(3, lambda number: bounded.call(f"volume {number}", slower, "vms"))
    assert max(waited for waited, _ in ends) < 0.45, "all at once"


def test_what_is_open_is_closed_however_many_wait(silence: threading.Event) -> None:
    bounded = Bounded(1.0, places=2)
    waiting = threading.Thread(target=crowd, args=(5, lambda number: bounded.call(str(number), silence.wait)))
    waiting.start()
    time.sleep(0.1)
    began = time.monotonic()
    assert bounded.close("close web", lambda: "closed") == "closed"
    assert time.monotonic() - began < 0.1
    waiting.join(20)


def slow() -> str:
    time.sleep(0.02)
    return "here"


def slower() -> str:
    time.sleep(0.25)
    return "here"
