"""Whether a pool can be as it is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from pvc_core.errors import WrongState
from pvc_core.model.storage import Osd

ANY = "default"


def check_hosts(osds: Iterable[Osd], copies: int, tier: str) -> None:
    """Raises WrongState where some copies would have no place: they would be missing for ever."""
    hosts = {osd.node for osd in osds if osd.within and osd.node and tier in (ANY, osd.device_class)}
    if len(hosts) < copies:
        kind = "OSDs" if tier == ANY else f"OSDs of class {tier}"
        raise WrongState(
            f"{copies} copies need {copies} hosts with {kind} that are in; there are {len(hosts)}"
            + (f" ({', '.join(sorted(hosts))})" if hosts else ""),
            "Ask for fewer copies, or add OSDs first (`pvc storage ceph osd list`).",
        )
