"""Stored records: frozen, checked on every change, and keeping what a newer version wrote."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pvc_core.model.job import MAX_LOG_LINES, Job, JobState
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Ref
from pvc_core.store.port import Raw

FIELDS: dict[str, Any] = {
    "uuid": "00000000-0000-4000-8000-000000000001",
    "name": "vm1",
    "node": "hv1",
    "memory_mib": 128,
    "vcpus": 1,
}


def a_job(**more: Any) -> Job:
    known = {"id": "20260101t120000-aaaaaaaa", "operation": "vm.start", "fields": {}, "actor": "me"}
    return Job.model_validate({**known, "queue": "node.hv1", "created": 0, "deadline": 9, **more})


def test_an_older_worker_keeps_the_fields_a_newer_one_wrote() -> None:
    vm = VmSpec.model_validate({**FIELDS, "from_the_future": {"a": [1, 2]}})
    written = vm.but(state=Wanted.START).but(node="hv2").model_dump_json(exclude_none=True)
    again = VmSpec.model_validate_json(written)
    assert again.model_extra == {"from_the_future": {"a": [1, 2]}}
    assert (again.state, again.node) == (Wanted.START, "hv2")


def test_unknown_fields_inside_a_jobs_parts_survive_too() -> None:
    waiting = {"kind": "lock", "on": "x", "text": "waits", "since": 1, "colour": "red"}
    job = a_job(state="waiting", waiting=waiting).but(text="still waits")
    assert Job.model_validate_json(job.model_dump_json()).waiting.model_extra == {"colour": "red"}  # type: ignore[union-attr]


def test_a_saved_document_still_holds_them() -> None:
    ref = Ref("/vm/x/spec", VmSpec, "VM x")
    seen = ref.decode(Raw(VmSpec.model_validate({**FIELDS, "new": 1}).model_dump_json().encode(), 3))
    put = seen.save(seen.value.but(node="hv3"))
    assert put.version == 3 and b'"new":1' in put.data


def test_a_record_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        VmSpec.model_validate(FIELDS).node = "hv2"  # type: ignore[misc]


def test_a_change_is_checked_like_a_new_record() -> None:
    """pydantic's own model_copy(update=...) is not."""
    with pytest.raises(ValidationError):
        VmSpec.model_validate(FIELDS).but(node="../hv2")
    with pytest.raises(ValidationError):
        VmSpec.model_validate(FIELDS).but(memory_mib=0)


def test_a_log_is_bounded_and_counts_what_it_dropped() -> None:
    job = a_job()
    for number in range(MAX_LOG_LINES + 5):
        job = job.logged(number, f"line {number}")
    assert (len(job.log), job.log_dropped) == (MAX_LOG_LINES, 5)
    assert (job.log[0].text, job.log[-1].text) == ("line 5", f"line {MAX_LOG_LINES + 4}")


def test_exactly_four_states_are_ends() -> None:
    assert {state for state in JobState if state.finished} == {"succeeded", "partial", "failed", "cancelled"}
