"""/storage/ceph: what the storage holds, and how it is; read from Ceph itself."""

from __future__ import annotations

from flask import Response

from pvc_api.answers import answer_record
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, noun
from pvc_api.resources.storage_download import offer_downloads
from pvc_api.resources.storage_osd import offer_osds
from pvc_api.resources.storage_pool import offer_pools
from pvc_api.resources.storage_reading import reads
from pvc_api.resources.storage_snapshot import offer_snapshots
from pvc_api.resources.storage_upload import offer_uploads
from pvc_api.resources.storage_volume import offer_volumes
from pvc_api.shared import blocks

routes = noun("storage", "Block storage: Ceph")


class StorageStatus(Door):
    @reads("status", "StorageStatus")
    def get(self) -> Response:
        """The storage's health, its daemons, its placement groups."""
        read_query(Nothing)
        return answer_record(blocks().status())


class StorageUtil(Door):
    @reads("util", "StorageUtil")
    def get(self) -> Response:
        """How full the storage and each of its pools are."""
        read_query(Nothing)
        return answer_record(blocks().util())


routes.add_resource(StorageStatus, "/storage/ceph/status")
routes.add_resource(StorageUtil, "/storage/ceph/util")
for offer in (offer_osds, offer_pools, offer_volumes, offer_snapshots, offer_uploads, offer_downloads):
    offer(routes)
