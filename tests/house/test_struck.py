"""Every kind of job is killed after each of its steps somewhere: a new one is not forgotten."""

from __future__ import annotations

from loading import load

from pvc_core.model.operations import OPERATIONS
from pvc_tasks.handler import ImmediateHandler
from pvc_tasks.registry import handler_of

ELSEWHERE = {
    "storage.volume.upload": "tests/door/test_storage_upload.py",
    "storage.upload.clear": "tests/door/test_storage_upload.py",
}
"""They need somebody who sends."""


def test_every_job_is_struck_after_every_step() -> None:
    scenarios = load("scenario/test_scenarios.py").REQUESTS
    cases = load("door/test_struck_after_any_act.py").CASES
    struck = {kind.replace(" ", ".") for kind in scenarios} | {case.asked.name for case in cases.values()}
    kinds = {one.name for one in OPERATIONS if not isinstance(handler_of(one.name), ImmediateHandler)}
    assert kinds - struck - ELSEWHERE.keys() == set()
