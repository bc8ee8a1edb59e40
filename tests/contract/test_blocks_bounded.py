"""A call into the storage that never returns does not keep its caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pvc_core.errors import NotFound, StorageUnavailable
from pvc_drivers.blocks.bounded import MAX_CALLS, Bounded


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
