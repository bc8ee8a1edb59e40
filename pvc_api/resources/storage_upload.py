"""/storage/ceph/upload: a file on its way into a volume."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_restx import Namespace
from pydantic import Field

from pvc_api.answers import answer_record
from pvc_api.auth import need
from pvc_api.document import body_parameter, describe, error_responses, query_parameters
from pvc_api.reading import Nothing, Query, SealBody, read_address, read_body, read_object, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.resources.storage_reading import OfTask, reads
from pvc_api.shared import service
from pvc_api.transfer import BYTES, body_reader, transfer
from pvc_core.model.operations import UploadVolume
from pvc_core.model.size import MOST
from pvc_tasks.uploads import Uploads

NEEDS = "Needs the role operator."


class OffsetQuery(Query):
    offset: int = Field(0, ge=0, le=MOST, description="Where the body belongs: after what has arrived.")


def _doc(identity: str, meaning: str, *codes: int, **more: Any) -> dict[str, Any]:
    responses = {200: (meaning, "Upload"), **error_responses(400, 401, 403, 404, 409, *codes)}
    return {"id": f"storage_upload_{identity}", "responses": responses, "description": NEEDS, **more}


class OneUpload(Door):
    @reads("upload_info", "Upload")
    def get(self, task: str) -> Response:
        """How much of a file has arrived: where to go on."""
        read_query(Nothing)
        return answer_record(_uploads().find(_find_task(task)))

    def put(self, task: str) -> Response:
        """Send the file, or its next part, as the body: of any length, in chunks or with a Content-Length.

        It is written to the storage as it comes. The answer says how much is safe by then.
        """
        need("operator")
        offset = read_query(OffsetQuery).offset
        job = _find_task(task)
        with transfer():
            return answer_record(_uploads().receive(job, offset, request.content_length, body_reader()))

    def post(self, task: str) -> Response:
        """Say that this was all, and what it is: the task then goes on."""
        need("operator")
        read_query(Nothing)
        checksum = read_body(SealBody, read_object()).checksum
        return answer_record(_uploads().seal(_find_task(task), checksum))


describe(
    OneUpload.put,
    _doc(
        "send",
        "Safe in the storage.",
        503,
        consumes=[BYTES],
        params={
            **query_parameters(OffsetQuery),
            "payload": {"in": "body", "required": True, "schema": {"type": "string", "format": "binary"}},
        },
    ),
)
SEAL = {"payload": body_parameter("SealBody", True)}
describe(OneUpload.post, _doc("seal", "Sealed.", 413, 503, params=SEAL))


def _find_task(task: str) -> str:
    """Raises NotFound."""
    return service().job(read_address(OfTask, task=task).task).id


def _uploads() -> Uploads:
    return Uploads(service().world)


def offer_uploads(routes: Namespace) -> None:
    offer(routes, UploadVolume)
    routes.add_resource(OneUpload, "/storage/ceph/upload/<task>")
