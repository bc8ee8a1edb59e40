"""From a job to what carries it out. A newer version may have written what this one does not know."""

from __future__ import annotations

import logging
from typing import Any

from pvc_core.errors import InvalidRequest, PvcError, StoreConflict, StoreUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import BY_NAME, Operation
from pvc_core.store.port import Op
from pvc_core.version import VERSION
from pvc_tasks.handler import Handler
from pvc_tasks.registry import BY_OPERATION
from pvc_tasks.world import World

log = logging.getLogger(__name__)


class NotKnownHere(PvcError):
    """Another worker may know it, or the next version of this one."""

    code, status, retryable = "NOT_KNOWN_HERE", 503, True
    default_remedy = "Bring the worker to the version of the API."


def find_handler(job: Job) -> tuple[Handler[Any], Operation]:
    """With what was asked; raises NotKnownHere."""
    handler = BY_OPERATION.get(job.operation)
    if not isinstance(handler, Handler):
        raise NotKnownHere(f"PVC {VERSION} knows no task {job.operation}")
    try:
        return handler, BY_NAME[job.operation].parse(job.fields)
    except InvalidRequest as error:
        raise NotKnownHere(f"PVC {VERSION} does not know this {error.message}") from None


def leave(world: World, job: Job) -> tuple[Op, ...]:
    """What makes the records true when a job ends early.

    Nothing where this version cannot tell: that is no reason to let the job hold its locks for ever.
    """
    try:
        handler, asked = find_handler(job)
        return handler.leave(asked, world, job.notes, job.id)
    except (StoreConflict, StoreUnavailable):
        raise
    except NotKnownHere as unknown:
        log.warning("task %s: what it leaves behind is unknown: %s", job.id, unknown.message)
    except Exception:
        log.exception("task %s: what it leaves behind is unknown", job.id)
    return ()
