"""/status"""

from __future__ import annotations

from flask import Response

from pvc_api.answers import answer_record
from pvc_api.document import document_read
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, noun
from pvc_api.shared import service

routes = noun("status", "The cluster at a glance")


class Status(Door):
    @document_read("status", "StatusView")
    def get(self) -> Response:
        """Health, faults with their remedies, counts, and who holds which lock."""
        read_query(Nothing)
        return answer_record(service().status())


routes.add_resource(Status, "/status")
