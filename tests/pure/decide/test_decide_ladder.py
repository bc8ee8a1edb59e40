"""The ladder of a migration that does not get to its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.ladder import (
    Observed,
    Rung,
    Standing,
    Terms,
    decide_step,
    eta_s,
    first_downtime_ms,
    judge,
)

MIB = 1024 * 1024
TERMS = Terms(began=0.0, deadline=100.0, ceiling_ms=400, post_copy=False, auto_converge=True)
FOOT = Standing(Rung.COPYING, 100, 0.0)
BUSY = Observed(remaining=50 * MIB, speed=8 * MIB, dirty=20 * MIB, iteration=3, throttle_percent=40)


def test_throttling_is_given_its_time_first() -> None:
    assert decide_step(TERMS, FOOT, BUSY, 20.0) is None


def test_then_the_pause_may_grow_and_the_reason_has_the_figures() -> None:
    step = decide_step(TERMS, FOOT, BUSY, 30.0)
    assert step is not None and (step.rung, step.downtime_ms) == (Rung.DOWNTIME, 200)
    assert "20.0 MiB/s" in step.reason and "8.0 MiB/s" in step.reason and "60 %" in step.reason


def test_a_step_is_given_time_to_show_its_effect() -> None:
    on = Standing(Rung.DOWNTIME, 200, 30.0)
    assert decide_step(TERMS, on, BUSY, 34.0) is None
    assert decide_step(TERMS, on, BUSY, 36.0) is not None


def test_the_ceiling_is_never_passed_and_then_only_the_deadline_is_left() -> None:
    step = decide_step(replace(TERMS, ceiling_ms=250), Standing(Rung.DOWNTIME, 200, 30.0), BUSY, 40.0)
    assert step is not None and step.downtime_ms == 250
    assert decide_step(TERMS, Standing(Rung.DOWNTIME, 400, 30.0), BUSY, 60.0) is None


def test_post_copy_where_allowed_after_the_ceiling_or_when_time_runs_out() -> None:
    allowed = replace(TERMS, post_copy=True)
    after = decide_step(allowed, Standing(Rung.DOWNTIME, 400, 30.0), BUSY, 40.0)
    late = decide_step(allowed, Standing(Rung.DOWNTIME, 200, 30.0), BUSY, 61.0)
    assert after is not None and late is not None and {after.rung, late.rung} == {Rung.POST_COPY}
    assert decide_step(allowed, Standing(Rung.POST_COPY, 400, 61.0), BUSY, 70.0) is None


def test_a_first_pass_that_takes_too_long_is_left_to_post_copy() -> None:
    first = replace(BUSY, iteration=1, dirty=0)
    assert decide_step(TERMS, FOOT, first, 70.0) is None
    assert decide_step(replace(TERMS, post_copy=True), FOOT, first, 50.0) is None
    step = decide_step(replace(TERMS, post_copy=True), FOOT, first, 70.0)
    assert step is not None and step.rung is Rung.POST_COPY and "first pass" in step.reason


def test_what_converges_in_time_is_left_alone() -> None:
    calm = replace(BUSY, dirty=2 * MIB, remaining=60 * MIB)
    assert decide_step(TERMS, FOOT, calm, 50.0) is None
    assert decide_step(TERMS, FOOT, replace(calm, remaining=600 * MIB), 50.0) is not None


def test_nothing_is_begun_just_before_the_deadline() -> None:
    assert decide_step(replace(TERMS, post_copy=True), FOOT, BUSY, 96.0) is None


@pytest.mark.parametrize(
    ("seen", "standing", "words", "help_"),
    [
        (BUSY, Standing(Rung.DOWNTIME, 400, 30.0), "changes 20.0 MiB/s", "allow post-copy"),
        (replace(BUSY, speed=0), FOOT, "nothing was sent", "network between"),
        (replace(BUSY, iteration=1), FOOT, "first pass", "more time"),
        (replace(BUSY, dirty=MIB), FOOT, "8.0 MiB/s are sent", "more time"),
    ],
)
def test_the_verdict_says_why_and_what_would_help(
    seen: Observed, standing: Standing, words: str, help_: str
) -> None:
    verdict = judge(TERMS, standing, seen, 8)
    assert words in verdict.message and "100 s" in verdict.message
    assert help_ in verdict.remedy


def test_the_remaining_time_counts_what_is_changed_meanwhile() -> None:
    assert eta_s(replace(BUSY, dirty=3 * MIB)) == 10.0
    assert eta_s(BUSY) is None


observations = st.builds(
    Observed,
    remaining=st.integers(0, 2**40),
    speed=st.integers(0, 2**34),
    dirty=st.integers(0, 2**34),
    iteration=st.integers(0, 50),
    throttle_percent=st.integers(0, 99),
)


@given(st.lists(observations, min_size=20, max_size=20), st.booleans(), st.integers(1, 60_000))
def test_it_only_ever_climbs_and_ends(seen: list[Observed], post_copy: bool, ceiling: int) -> None:
    """Whatever is observed: the pause grows up to the ceiling, post-copy comes once and last, and the steps
    are few."""
    terms = replace(TERMS, ceiling_ms=ceiling, post_copy=post_copy)
    standing, steps = Standing(Rung.COPYING, first_downtime_ms(ceiling), 0.0), 0
    for moment, each in enumerate(seen):
        step = decide_step(terms, standing, each, 5.0 * moment)
        if step is None:
            continue
        assert standing.downtime_ms <= step.downtime_ms <= ceiling
        assert standing.rung is not Rung.POST_COPY
        assert post_copy or step.rung is not Rung.POST_COPY
        standing, steps = Standing(step.rung, step.downtime_ms, 5.0 * moment), steps + 1
    assert steps <= 12
