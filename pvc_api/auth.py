"""Who asks, and what they may: every route needs a token unless it is named here."""

from __future__ import annotations

from flask import g, request

from pvc_api.shared import service
from pvc_core.errors import Forbidden, InvalidRequest, Unauthorized
from pvc_core.model.job import TokenRecord
from pvc_core.model.operations import Role
from pvc_tasks.service import Asker

OPEN = frozenset({"doc", "specs", "restx_doc.static", "health"})
"""Endpoints without authentication: the documentation, and whether the API lives."""

RANK: dict[Role, int] = {"viewer": 0, "operator": 1, "admin": 2}
MAX_KEY = 128


def check_token() -> None:
    """Before each request; an address that does not exist is answered as such without one."""
    if request.url_rule is None or request.endpoint in OPEN:
        return
    g.token = service().authenticate(_bearer())


def _bearer() -> str:
    header = request.headers.get("Authorization", "").strip()
    scheme, _, token = header.rpartition(" ")
    # A bare token is taken too: it is what people paste into Swagger UI.
    if scheme.strip().lower() not in ("", "bearer") or not token:
        raise Unauthorized("the request carries no bearer token")
    return token


def need(role: Role) -> None:
    """Raises Forbidden when the asker's role is lower."""
    token: TokenRecord = g.token
    if RANK[token.role] < RANK[role]:
        raise Forbidden(f"this needs the role {role}; the token {token.name} has {token.role}")


def asker(reason: str) -> Asker:
    """The present request's, for the job's record."""
    token: TokenRecord = g.token
    return Asker(token.name, request.remote_addr or "", reason, _idempotency_key())


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not (key.isascii() and key.isprintable()):
        raise InvalidRequest(f"Idempotency-Key: 1 to {MAX_KEY} printable ASCII characters")
    return key
