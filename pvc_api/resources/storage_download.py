"""The download of a volume: through the API as it is read, raw or as a qcow2 file made on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from flask import Response
from flask_restx import Namespace
from pydantic import Field

from pvc_api.auth import need
from pvc_api.document import describe, error_responses, query_parameters
from pvc_api.reading import Query, read_address, read_query
from pvc_api.resources.base import Door
from pvc_api.resources.storage_reading import OfVolume
from pvc_api.shared import blocks, service
from pvc_api.transfer import BYTES, transfer
from pvc_core.decide.qcow2_layout import data_ranges, plan_qcow2, render_metadata
from pvc_core.model.image_format import DownloadFormat
from pvc_core.model.names import SnapshotName
from pvc_drivers.blocks.content import Source
from pvc_tasks.stillness import kept_still, look_at_rest

File = tuple[Iterator[bytes], int]
"""Its parts, and its length."""


class DownloadQuery(Query):
    format: DownloadFormat = Field(
        "raw", description="raw is as long as the volume; qcow2 has only what was ever written."
    )
    snapshot: SnapshotName | None = Field(
        None, description="As it was at that snapshot; needed while the volume is in use."
    )


class Download(Door):
    def get(self, pool: str, volume: str) -> Response:
        """A volume's content as a file; its length is in Content-Length, and tells whether all has come.

        It breaks off when somebody begins to use the volume meanwhile: what came is of two times.
        """
        need("operator")
        asked, of = read_query(DownloadQuery), read_address(OfVolume, pool=pool, volume=volume)
        world = service().world
        still = None if asked.snapshot else look_at_rest(world, of.pool, of.volume)
        stack = ExitStack()
        try:
            stack.enter_context(transfer())
            source = stack.enter_context(blocks().reading(of.pool, of.volume, asked.snapshot or ""))
            parts, length = _as_qcow2(source) if asked.format == "qcow2" else _as_raw(source)
        except BaseException:
            stack.close()
            raise
        response = _file(parts if still is None else kept_still(world, still, parts), length)
        response.call_on_close(stack.close)
        return response


describe(
    Download.get,
    {
        "id": "storage_volume_download",
        "description": "Needs the role operator.",
        "produces": [BYTES],
        "params": query_parameters(DownloadQuery),
        "responses": {200: "The file.", **error_responses(400, 401, 403, 404, 409, 503)},
    },
)


def _as_raw(source: Source) -> File:
    return source.read([(0, source.size)]), source.size


def _as_qcow2(source: Source) -> File:
    layout = plan_qcow2(source.size, source.extents())

    def parts() -> Iterator[bytes]:
        yield from render_metadata(layout)
        yield from source.read(data_ranges(layout))

    return parts(), layout.length


def _file(parts: Iterator[bytes], length: int) -> Response:
    headers = {"Content-Length": str(length), "Cache-Control": "no-store"}
    return Response(parts, headers=headers, mimetype=BYTES)


def offer_downloads(routes: Namespace) -> None:
    routes.add_resource(Download, "/storage/ceph/volume/<pool>/<volume>/download")
