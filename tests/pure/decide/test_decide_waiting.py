"""When a job is looked at, what it is said to wait for, and how far it is."""

from __future__ import annotations

from typing import Any

import pytest
from decide_builders import JOB

from pvc_core.decide.due import is_due, look_again_at
from pvc_core.decide.explain import explain
from pvc_core.decide.progress import add_up
from pvc_core.model.job import CancelRequest, Job, JobState, Progress, WaitingFor

ENDS = [state for state in JobState if state.finished]


def a_job(**more: Any) -> Job:
    fields = {"id": JOB, "operation": "node.flush", "fields": {}, "actor": "me", "queue": "node.hv1"}
    return Job.model_validate({**fields, "created": 100.0, "deadline": 1000.0, **more})


def waits(until: float | None = None, **more: Any) -> dict[str, Any]:
    waiting = WaitingFor(kind="time", on="hv1", text="waits", since=100, until=until, **more)
    return {"state": JobState.WAITING, "waiting": waiting}


@pytest.mark.parametrize("state", ENDS)
def test_what_has_ended_is_never_due(state: JobState) -> None:
    assert not is_due(a_job(state=state), now=5000, node="hv1")


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING])
def test_what_is_unfinished_and_does_not_wait_is_always_due(state: JobState) -> None:
    assert is_due(a_job(state=state), now=101, node="hv1")


def test_a_wait_without_a_time_is_always_due_and_one_with_a_time_from_then_on() -> None:
    assert is_due(a_job(**waits()), now=101, node="hv1")
    assert not is_due(a_job(**waits(until=200)), now=199.9, node="hv1")
    assert is_due(a_job(**waits(until=200)), now=200, node="hv1")


def test_a_wait_for_a_time_does_not_outlast_a_clock_that_is_set_back() -> None:
    assert is_due(a_job(**waits(until=200)), now=99.9, node="hv1")
    assert not is_due(a_job(**waits(until=200)), now=100, node="hv1")


def test_who_has_failed_lets_the_others_look_first() -> None:
    failed = a_job(**waits(until=200, others_first=True))
    assert is_due(failed, now=200, node="hv2")
    assert not is_due(failed, now=200, node="hv1")
    late = look_again_at(failed, "hv1")
    assert late is not None and late > 202
    assert is_due(failed, now=late, node="hv1")


def test_a_migration_is_shown_with_its_own_deadline_while_its_worker_is_there() -> None:
    moving = a_job(state=JobState.RUNNING, notes={"deadline": 400.0})
    assert explain(moving, {"hv1"}).deadline == 400.0
    assert explain(moving, ()).deadline == 1000.0
    assert explain(a_job(state=JobState.RUNNING), {"hv1"}).deadline == 1000.0
    for wrong in (50.0, 5000.0):
        assert explain(moving.but(notes={"deadline": wrong}), {"hv1"}).deadline == 1000.0
    assert explain(a_job(state=JobState.SUCCEEDED, notes={"deadline": 400.0}), {"hv1"}).deadline == 1000.0


def test_a_cancel_and_a_passed_deadline_end_every_wait() -> None:
    cancel = CancelRequest(actor="me", at=150)
    assert is_due(a_job(**waits(until=9999), cancel=cancel), now=151, node="hv1")
    assert not is_due(a_job(**waits(until=9999)), now=999, node="hv1")
    assert is_due(a_job(**waits(until=9999)), now=1000, node="hv1")


def test_a_job_whose_worker_is_gone_says_so_whatever_it_waited_for() -> None:
    shown = explain(a_job(**waits(until=200), stage="moving", text="3 of 8 moved"), workers={"hv2"})
    assert shown.waiting is not None
    assert (shown.waiting.kind, shown.waiting.on, shown.waiting.deadline) == ("node", "hv1", 1000)
    assert "worker of hv1 is not there" in shown.waiting.text and "3 of 8 moved" in shown.waiting.text


def test_a_queued_job_waits_for_its_worker_to_look() -> None:
    shown = explain(a_job(), workers={"hv1"})
    assert shown.waiting is not None and (shown.waiting.kind, shown.waiting.on) == ("node", "hv1")


def test_a_wait_in_the_record_is_shown_as_it_is() -> None:
    job = a_job(**waits(until=200))
    assert explain(job, workers={"hv1"}) is job


@pytest.mark.parametrize("state", ENDS)
def test_a_finished_job_waits_for_nothing(state: JobState) -> None:
    assert explain(a_job(state=state), workers=set()).waiting is None


def test_a_parents_progress_is_its_own_count_and_its_childrens_bytes() -> None:
    own = Progress(done=3, total=8, text="3 of 8 moved")
    parts = [
        Progress(bytes_done=10, bytes_total=110, bytes_per_s=15),
        Progress(bytes_done=50, bytes_total=250, bytes_per_s=5),
    ]
    total = add_up(own, parts)
    assert (total.done, total.total, total.text) == (3, 8, "3 of 8 moved")
    assert (total.bytes_done, total.bytes_total, total.bytes_per_s, total.eta_s) == (60, 360, 20, 15.0)


def test_what_does_not_move_has_no_end_in_sight() -> None:
    assert add_up(Progress(), [Progress(bytes_total=100)]).eta_s is None
    assert add_up(Progress(), [Progress(bytes_done=120, bytes_total=100, bytes_per_s=1)]).eta_s == 0


def test_a_parent_without_running_children_is_as_it_is() -> None:
    own = Progress(done=8, total=8)
    assert add_up(own, []) is own


@pytest.mark.parametrize("queue", ["node.hv1", "cluster"])
@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.CANCELLING])
def test_what_no_worker_has_looked_at_yet_says_so(queue: str, state: JobState) -> None:
    shown = explain(a_job(state=state, queue=queue), {"hv1"})
    assert shown.waiting is not None and "to look at it" in shown.waiting.text
