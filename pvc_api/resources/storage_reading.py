"""How a reading handler of /storage is documented, and what it is asked about."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from pvc_api.document import Handler, describe, error_responses, query_parameters
from pvc_api.reading import Nothing, Query
from pvc_core.model.names import JobId, PoolName, VolumeName


class OfVolume(BaseModel):
    pool: PoolName
    volume: VolumeName


class OfTask(BaseModel):
    task: JobId


def reads(
    identity: str, model: str, many: bool = False, query: type[Query] = Nothing
) -> Callable[[Handler], Handler]:
    """Documents a reading handler."""
    success = ("Success", [model] if many else model)
    doc = {
        "id": f"storage_{identity}",
        "params": query_parameters(query),
        "responses": {200: success, **error_responses(400, 401, 404, 409, 503)},
    }
    return lambda handler: describe(handler, doc)
