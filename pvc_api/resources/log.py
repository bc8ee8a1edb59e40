"""/vm/<vm>/console, /node/<node>/log"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response
from pydantic import Field

from pvc_api.answers import answer_record
from pvc_api.document import document_read, query_parameters
from pvc_api.reading import Query, read_query
from pvc_api.resources.base import Door
from pvc_api.shared import service, shared


class LogQuery(Query):
    """The newest lines, or what follows a cursor."""

    lines: int | None = Field(
        None, ge=1, le=10_000, description="How many at most; without it, as many as are kept."
    )
    after: int | None = Field(
        None,
        ge=0,
        le=2**53,
        description="The cursor: `next` of the last answer. What comes then is what was not read yet; "
        "`lost` says how many lines of that are no longer kept.",
    )
    wait: float = Field(
        0, ge=0, le=60, description="With `after`: answer when there is a new line, or after so many seconds."
    )


class VmConsole(Door):
    @document_read("vm_console", "LogView", params=query_parameters(LogQuery))
    def get(self, vm: str) -> Response:
        """What a VM's serial console showed: its last lines, or those that follow a cursor."""
        query = read_query(LogQuery)
        with patience(query.wait) as wait_s:
            return answer_record(service().vm_log(vm, query.after, query.lines, wait_s))


class NodeLog(Door):
    @document_read("node_log", "LogView", params=query_parameters(LogQuery))
    def get(self, node: str) -> Response:
        """What a node's worker wrote to its log: the last lines, or those that follow a cursor."""
        query = read_query(LogQuery)
        with patience(query.wait) as wait_s:
            return answer_record(service().node_log(node, query.after, query.lines, wait_s))


@contextmanager
def patience(wait_s: float) -> Iterator[float]:
    """Where too many wait already, the answer comes at once; the client asks again."""
    waiters = shared().waiters
    if wait_s <= 0 or not waiters.acquire(blocking=False):
        yield 0.0
        return
    try:
        yield wait_s
    finally:
        waiters.release()
