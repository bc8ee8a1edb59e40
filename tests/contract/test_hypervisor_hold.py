"""Holding a guest still, by both homes of the hypervisor port."""

from __future__ import annotations

import pytest
from hypervisor_homes import Pair
from test_hypervisor import NOBODY, begin, endless, heard, pair, states, two_nodes, vm

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable

__all__ = ["endless", "pair", "two_nodes", "vm"]


def test_a_guest_stands_still_and_goes_on(pair: Pair, vm: str) -> None:
    events = heard(pair.source)
    pair.source.suspend(vm)
    pair.source.suspend(vm)
    held = pair.source.domain(vm)
    assert held is not None and (held.state, held.reason) == ("paused", "user")
    pair.source.resume(vm)
    pair.source.resume(vm)
    assert states(pair.source) == [("vm1", "running")]
    pair.wait("both are heard", lambda: {kind for kind, _ in events} >= {"suspended", "resumed"})


def test_another_process_lets_it_go_on(pair: Pair, vm: str) -> None:
    pair.source.suspend(vm)
    other = pair.another_process()
    other.resume(vm)
    assert states(other) == [("vm1", "running")]


def test_one_that_is_not_there_is_refused(pair: Pair) -> None:
    for ask in (pair.source.suspend, pair.source.freeze, pair.source.thaw):
        with pytest.raises(HypervisorRefused):
            ask(NOBODY)


def test_a_guest_without_an_agent_refuses_to_be_frozen(pair: Pair, vm: str) -> None:
    for ask in (pair.source.freeze, pair.source.thaw):
        with pytest.raises(HypervisorRefused):
            ask(vm)
    assert states(pair.source) == [("vm1", "running")]


def test_a_guest_on_its_way_is_not_held(pair: Pair, endless: str) -> None:
    begin(pair, endless)
    with pytest.raises(HypervisorRefused, match="busy"):
        pair.source.suspend(endless)
    pair.source.abort_migration(endless)
    pair.wait("it is over", lambda: not pair.target.domains())


def test_a_hypervisor_that_hangs_holds_nobody(pair: Pair, vm: str) -> None:
    pair.hang()
    try:
        with pytest.raises(HypervisorUnavailable):
            pair.source.suspend(vm)
    finally:
        pair.resume()
