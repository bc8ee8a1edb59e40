"""API tokens: their text is shown once, and only its hash is kept."""

from __future__ import annotations

import secrets

from pvc_core.errors import NotInitialised
from pvc_core.model.job import TokenRecord
from pvc_core.model.operations import Role
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.port import Create
from pvc_tasks.ids import digest


def plan_token(name: str, role: Role, now: float) -> tuple[str, Create]:
    """A new token's text, and what makes it known to the cluster."""
    token = f"pvc_{secrets.token_urlsafe(32)}"
    return token, tree.token_ref(digest(token)).create(TokenRecord(name=name, role=role, created=now))


def issue_token(store: Store, name: str, role: Role, now: float) -> str:
    """For whoever holds the cluster's own credentials, and so needs no token; raises NotInitialised."""
    if store.find(tree.cluster_ref()) is None:
        raise NotInitialised("this cluster has no tokens yet")
    token, op = plan_token(name, role, now)
    store.commit(op)
    return token
