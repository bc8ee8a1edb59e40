"""/health"""

from __future__ import annotations

from flask import Response

from pvc_api.answers import answer_record
from pvc_api.document import document_read, error_responses
from pvc_api.resources.base import Door, noun
from pvc_api.shared import service
from pvc_core.model.views import Health
from pvc_core.version import VERSION

routes = noun("health", "Whether this API can serve; needs no token")


class HealthCheck(Door):
    @document_read(
        "health", "Health", security=[], responses={200: ("It can.", "Health"), **error_responses(503)}
    )
    def get(self) -> Response:
        """For load balancers: 200, or 503 when the state store does not answer."""
        service().healthy()
        return answer_record(Health(version=VERSION))


routes.add_resource(HealthCheck, "/health", endpoint="health")
