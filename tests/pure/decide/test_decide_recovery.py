"""When a crashed guest is started again, and when no more."""

from __future__ import annotations

from itertools import pairwise

import pytest
from decide_builders import a_vm
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.recovery import CrashPolicy, GiveUp, Restart, count_crash, decide_recovery
from pvc_core.model.vm import VmSpec

POLICY = CrashPolicy(restart=True, first_delay_s=10, max_delay_s=60, limit=5, window_s=3600)
NO = CrashPolicy(restart=False, first_delay_s=10, max_delay_s=60, limit=5, window_s=3600)


def crash(vm: VmSpec, now: float, policy: CrashPolicy = POLICY) -> tuple[VmSpec, Restart | GiveUp]:
    vm = vm.but(crashes=count_crash(vm.crashes, now, policy))
    return vm, decide_recovery(vm, policy, now)


def test_each_delay_is_twice_the_one_before_up_to_the_cap_and_the_limit() -> None:
    vm, delays = a_vm(1), []
    for number in range(5):
        vm, decided = crash(vm, 100.0 * number)
        assert isinstance(decided, Restart) and f"restart {number + 1} of 5" in decided.reason
        delays.append(decided.at - 100.0 * number)
    assert delays == [10, 20, 40, 60, 60]
    vm, decided = crash(vm, 600)
    assert isinstance(decided, GiveUp)
    assert decided.reason == "it crashed 6 times within 60 minutes, and is started again 5 times at most"


def test_crashes_long_ago_are_forgotten() -> None:
    vm = a_vm(1, crashes=(0.0, 10.0, 20.0, 30.0, 40.0))
    vm, decided = crash(vm, 4000)
    assert vm.crashes == (4000,)
    assert isinstance(decided, Restart) and decided.at == 4010


@pytest.mark.parametrize(
    ("policy", "own", "restarts"),
    [(POLICY, None, True), (NO, None, False), (NO, True, True), (POLICY, False, False)],
)
def test_the_vms_metadata_overrule_the_configuration(
    policy: CrashPolicy, own: bool | None, restarts: bool
) -> None:
    _, decided = crash(a_vm(1, restart_on_crash=own), 0, policy)
    assert isinstance(decided, Restart) is restarts
    if isinstance(decided, GiveUp):
        assert ("configuration" in decided.reason) is (own is None)


@given(
    moments=st.lists(st.floats(0, 100_000), max_size=60).map(sorted),
    limit=st.integers(1, 20),
    window=st.floats(1, 10_000),
)
def test_never_more_restarts_than_the_limit_within_the_window(
    moments: list[float], limit: int, window: float
) -> None:
    policy = CrashPolicy(True, 10, 300, limit, window)
    vm, restarts = a_vm(1), []
    for moment in moments:
        vm, decided = crash(vm, moment, policy)
        assert len(vm.crashes) <= 100
        if isinstance(decided, Restart):
            assert 10 <= decided.at - moment <= 300.001
            restarts.append(moment)
    assert all(later - first >= window for first, later in zip(restarts, restarts[limit:], strict=False))


@given(st.integers(1, 100))
def test_the_delay_never_shrinks_while_crashes_count(limit: int) -> None:
    policy = CrashPolicy(True, 5, 300, limit, 3600)
    delays = []
    vm = a_vm(1)
    for number in range(limit):
        vm, decided = crash(vm, float(number), policy)
        assert isinstance(decided, Restart)
        delays.append(decided.at - number)
    assert all(first <= second for first, second in pairwise(delays))
