"""The Flask app: errors in one shape, authentication before everything, the routes, the document."""

from __future__ import annotations

from flask import Flask, Response
from flask_restx import Api, SchemaModel

from pvc_api import auth, errors
from pvc_api.answers import PREFIX
from pvc_api.document import models
from pvc_api.resources import NAMESPACES
from pvc_api.shared import EXTENSION, share
from pvc_core.config import Config
from pvc_core.version import VERSION
from pvc_tasks.service import Service

ABOUT = """Runs virtual machines on a cluster of hypervisors.

A change answers **202** with a job; follow it at `/task/ID` (`?wait=30` waits for its next change).
To try it here, press *Authorize* and paste a token.
"""

SETTINGS = {
    "RESTX_ERROR_404_HELP": False,
    "RESTX_INCLUDE_ALL_MODELS": True,
    "RESTX_MASK_SWAGGER": False,
    "SWAGGER_UI_DOC_EXPANSION": "list",
    "SWAGGER_UI_REQUEST_DURATION": True,
}


class Doors(Api):  # type: ignore[misc]  # flask-restx is untyped
    """Flask-RESTX, with our own errors instead of its."""

    def handle_error(self, error: Exception) -> Response:
        return errors.handle(error)


def create_app(config: Config, service: Service) -> Flask:
    """One per process, made after the fork."""
    app = Flask("pvc_api", static_folder=None)
    app.config.update(SETTINGS, MAX_CONTENT_LENGTH=config.api.max_body_kib * 1024 + 1)
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = share(config, service)
    app.register_error_handler(Exception, errors.handle)
    app.before_request(auth.check_token)
    _add_routes(app, config.cluster)
    return app


def _add_routes(app: Flask, cluster: str) -> None:
    api = Doors(
        prefix=PREFIX,
        doc=f"{PREFIX}/doc",
        title=f"PVC: {cluster}",
        version=VERSION,
        description=ABOUT,
        authorizations={"Bearer": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        security="Bearer",
    )
    for name, schema in models().items():
        api.add_model(name, SchemaModel(name, schema))
    for namespace in NAMESPACES:
        api.add_namespace(namespace)
    api.init_app(app)
