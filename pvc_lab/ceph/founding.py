"""What a new Ceph cluster is told once it has a quorum: its OSDs and its first pool."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pvc_lab import node as nodes
from pvc_lab.ceph import place
from pvc_lab.errors import ProgramFailed, TooSlow
from pvc_lab.layout import Layout
from pvc_lab.run import wait_for

QUORUM_S = 40
HEALTHY_S = 60
PLACEMENT_GROUPS = 16


def found(layout: Layout) -> None:
    """Make the cluster known to itself, as far as that was not done."""
    with admin(layout) as cluster:
        if not place.founded(layout).exists():
            enrol(layout, cluster)
        if place.POOL not in command(cluster, "osd pool ls"):
            make_pool(cluster)


def enrol(layout: Layout, cluster: Any) -> None:
    """Ids are given out in the order of asking; asking twice changes nothing."""
    for node in layout.members:
        command(cluster, "osd new", uuid=place.osd_uuid(layout, node))
    place.founded(layout).touch()
    for node in layout.members:
        nodes.start_parts(node, [place.osd_kind(node)])


def await_health(layout: Layout) -> str:
    """Wait until Ceph is content; what it still complains of otherwise."""
    with admin(layout) as cluster:
        try:
            wait_for("HEALTH_OK", lambda: not complaints(cluster), HEALTHY_S, poll=0.3)
        except TooSlow:
            return "; ".join(complaints(cluster))
    return ""


def complaints(cluster: Any) -> list[str]:
    """Its own, and what health does not know: in its first seconds it is content with nothing."""
    status = command(cluster, "status")
    named = [str(check["summary"]["message"]) for check in status["health"]["checks"].values()]
    if not status["mgrmap"]["available"]:
        named.append("no manager is active")
    if not all(state["state_name"].startswith("active+clean") for state in status["pgmap"]["pgs_by_state"]):
        named.append("not all placement groups are clean")
    return named


def make_pool(cluster: Any) -> None:
    """The pool of the guests' disks."""
    import rbd

    command(cluster, "osd pool create", pool=place.POOL, pg_num=PLACEMENT_GROUPS)
    with cluster.open_ioctx(place.POOL) as ioctx:
        rbd.RBD().pool_init(ioctx, False)


def command(cluster: Any, prefix: str, **arguments: object) -> Any:
    """The answer of the monitors; raises ProgramFailed with theirs."""
    question = json.dumps({"prefix": prefix, "format": "json", **arguments})
    code, out, said = cluster.mon_command(question, b"")
    if code:
        raise ProgramFailed(f"Ceph refused `{prefix}`: {said or code}")
    return json.loads(out) if out.strip() else None


@contextmanager
def admin(layout: Layout) -> Iterator[Any]:
    """A connection with the administrator's key, as soon as there is a quorum."""
    # Only a lab with Ceph needs Debian's bindings.
    import rados

    options = {
        "keyring": str(place.keyring(layout.ceph_home, "admin")),
        "rados_mon_op_timeout": str(QUORUM_S),
    }
    cluster = rados.Rados(conffile=str(place.conf_file(layout)), rados_id="admin", conf=options)
    try:
        cluster.connect(timeout=QUORUM_S)
    except rados.Error as error:
        raise ProgramFailed(
            f"Ceph has no quorum: {error}", f"Read {layout.members[0].log / 'mon.log'}"
        ) from None
    try:
        yield cluster
    finally:
        cluster.shutdown()
