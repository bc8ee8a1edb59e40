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
from pvc_api.shared import blocks
from pvc_api.transfer import BYTES, transfer
from pvc_core.decide.qcow2_layout import data_ranges, plan_qcow2, render_metadata
from pvc_core.errors import VolumeInUse
from pvc_core.model.image_format import DownloadFormat
from pvc_core.model.names import SnapshotName
from pvc_drivers.blocks.content import Source


class DownloadQuery(Query):
    format: DownloadFormat = Field(
        "raw", description="raw is as long as the volume; qcow2 has only what was ever written."
    )
    snapshot: SnapshotName | None = Field(
        None, description="As it was at that snapshot; needed while the volume is in use."
    )


class Download(Door):
    def get(self, pool: str, volume: str) -> Response:
        """A volume's content as a file; its length is in Content-Length, and tells whether all has come."""
        need("operator")
        asked, of = read_query(DownloadQuery), read_address(OfVolume, pool=pool, volume=volume)
        if asked.snapshot is None:
            _check_still(of.pool, of.volume)
        stack = ExitStack()
        try:
            stack.enter_context(transfer())
            source = stack.enter_context(blocks().reading(of.pool, of.volume, asked.snapshot or ""))
            response = _as_qcow2(source) if asked.format == "qcow2" else _as_raw(source)
        except BaseException:
            stack.close()
            raise
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


def _check_still(pool: str, volume: str) -> None:
    """What somebody writes to meanwhile would be a disk that never was."""
    watchers = blocks().volume(pool, volume).watchers
    if watchers:
        addresses = [watcher.address for watcher in watchers]
        raise VolumeInUse(
            f"{pool}/{volume} is in use by a client on {', '.join(addresses)}",
            "Take a snapshot of it, and download that: --snapshot NAME.",
            used_by=addresses,
        )


def _as_raw(source: Source) -> Response:
    return _file(source.read([(0, source.size)]), source.size)


def _as_qcow2(source: Source) -> Response:
    layout = plan_qcow2(source.size, source.extents())

    def parts() -> Iterator[bytes]:
        yield from render_metadata(layout)
        yield from source.read(data_ranges(layout))

    return _file(parts(), layout.length)


def _file(parts: Iterator[bytes], length: int) -> Response:
    headers = {"Content-Length": str(length), "Cache-Control": "no-store"}
    return Response(parts, headers=headers, mimetype=BYTES)


def offer_downloads(routes: Namespace) -> None:
    routes.add_resource(Download, "/storage/ceph/volume/<pool>/<volume>/download")
