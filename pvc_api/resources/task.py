"""/task"""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field, TypeAdapter, WithJsonSchema

from pvc_api.answers import answer, answer_job, answer_record
from pvc_api.auth import asker, need
from pvc_api.document import body_parameter, document_read, error_responses, query_parameters
from pvc_api.reading import CancelBody, Nothing, Query, among, read_body, read_object, read_query
from pvc_api.resources.base import Door, noun
from pvc_api.shared import service, shared
from pvc_core.model.job import JOB_FILTERS, Job
from pvc_core.model.operations import BY_NAME
from pvc_core.model.views import JobLog

routes = noun("task", "Jobs: every change, from the request to its proven end")

STATES = list(JOB_FILTERS)

JOBS: TypeAdapter[list[Job]] = TypeAdapter(list[Job])


class TaskQuery(Query):
    """Filters, all of which must match."""

    state: Annotated[str, among(STATES), WithJsonSchema({"type": "string", "enum": STATES})] | None = Field(
        None, description="Its state."
    )
    operation: Annotated[str, among(BY_NAME)] | None = Field(
        None, description="What was asked, as node.flush."
    )
    object: str | None = Field(None, description="What it is about: node:NAME or vm:NAME.")
    parent: str | None = Field(None, description="Only the children of this job.")
    limit: int = Field(50, ge=1, le=1000, description="How many at most, newest first.")
    before: str | None = Field(None, description="Only those older than this job: the next page.")


class WaitQuery(Query):
    """A long poll."""

    wait: float = Field(
        0, ge=0, le=60, description="Answer after so many seconds at the latest, and earlier when it changes."
    )
    seen: str | None = Field(
        None, max_length=256, description="The ETag of the last answer: only what differs counts as a change."
    )


class Tasks(Door):
    @document_read("task_list", "Job", many=True, params=query_parameters(TaskQuery))
    def get(self) -> Response:
        """Jobs, newest first, without their log lines and notes."""
        query = read_query(TaskQuery)
        found = service().jobs(
            query.state, query.operation, query.object, query.parent, query.limit, query.before
        )
        return answer(JOBS.dump_json(found, exclude={"__all__": {"log", "notes"}}))


class Task(Door):
    @document_read("task_info", "Job", params=query_parameters(WaitQuery))
    def get(self, task: str) -> Response:
        """One job; with `wait`, when it ends or changes.

        The header ETag is what to send as `seen` the next time.
        """
        query = read_query(WaitQuery)
        job, etag = _await_job(task, query)
        response = answer_record(job)
        response.headers["ETag"] = f'"{etag}"'
        return response


class TaskLog(Door):
    @document_read("task_log", "JobLog")
    def get(self, task: str) -> Response:
        """What a job did, step by step."""
        read_query(Nothing)
        job = service().job(task)
        return answer_record(JobLog(id=job.id, state=job.state, dropped=job.log_dropped, lines=job.log))


class TaskCancel(Door):
    @document_read(
        "task_cancel",
        "Job",
        params={"payload": body_parameter("CancelBody")},
        responses={
            200: ("Cancelled at once, as nobody was executing it.", "Job"),
            202: ("Its executor was told; follow the job to its end.", "Job"),
            **error_responses(400, 401, 403, 404, 409, 503),
        },
        description="Needs the role operator.",
    )
    def post(self, task: str) -> Response:
        """Stop a job; what was done stays done or is undone, and the job says which."""
        need("operator")
        read_query(Nothing)
        body = read_body(CancelBody, read_object())
        job = service().cancel(task, asker(body.reason), body.force)
        return answer_job(job, job.state.finished)


def _await_job(identity: str, query: WaitQuery) -> tuple[Job, str]:
    """Where too many wait already, the answer comes at once; the client asks again."""
    waiters = shared().waiters
    patient = query.wait > 0 and waiters.acquire(blocking=False)
    try:
        return service().await_job(identity, query.wait if patient else 0, _unquoted(query.seen))
    finally:
        if patient:
            waiters.release()


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


routes.add_resource(Tasks, "/task")
routes.add_resource(Task, "/task/<task>")
routes.add_resource(TaskLog, "/task/<task>/log")
routes.add_resource(TaskCancel, "/task/<task>/cancel")
