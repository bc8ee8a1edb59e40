"""Names, paths and addresses of the lab's Ceph cluster. Pure."""

from __future__ import annotations

import uuid
from pathlib import Path

from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace

POOL = "vms"
MON_PORTS = {"v2": 3300, "v1": 6789}
# The name of the manager's daemon, and of its part.
MGR = "mgr"
LIBVIRT_USER = "libvirt"
API_USER = "api"
# The S3 gateway: its part, and its client.
GATEWAY = "radosgw"
S3_PORT = 7480
BUCKET = "exports"


def fsid(layout: Layout) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"pvc-lab-ceph:{layout.root}"))


def osd_uuid(layout: Layout, node: NodePlace) -> str:
    return str(uuid.uuid5(uuid.UUID(fsid(layout)), node.name))


def secret_uuid(layout: Layout) -> str:
    """The libvirt secret that holds the key of the guests' disks; the same on every node, as their XML is."""
    return str(uuid.uuid5(uuid.UUID(fsid(layout)), LIBVIRT_USER))


def osd_id(node: NodePlace) -> int:
    return node.index - 1


def osd_kind(node: NodePlace) -> str:
    return f"osd{osd_id(node)}"


def kinds_of(layout: Layout, node: NodePlace) -> list[str]:
    """The Ceph parts of one node: coordinators have a monitor and an OSD."""
    return ["mon", osd_kind(node)] if layout.ceph and node in layout.members else []


def root_kinds(layout: Layout) -> list[str]:
    return [*([MGR] if layout.ceph else []), *([GATEWAY] if layout.s3 else [])]


def data(node: NodePlace, kind: str) -> Path:
    return node.ceph / kind


def door(node: NodePlace, kind: str) -> Path:
    """The daemon's admin socket; it goes with the node's /run."""
    return node.run / f"{kind}.asok"


def mgr_data(layout: Layout) -> Path:
    return layout.ceph_home / MGR


def mgr_door(layout: Layout) -> Path:
    return layout.ceph_home / f"{MGR}.asok"


def gateway_data(layout: Layout) -> Path:
    return layout.ceph_home / GATEWAY


def s3_url(layout: Layout) -> str:
    return f"http://{layout.address}:{S3_PORT}"


def s3_keys(layout: Layout) -> Path:
    return layout.secret("s3")


def conf_file(layout: Layout) -> Path:
    """For the manager, the API and the lab itself."""
    return layout.ceph_home / "ceph.conf"


def node_conf_file(node: NodePlace) -> Path:
    """/etc/ceph/ceph.conf of the node."""
    return node.etc / "ceph" / "ceph.conf"


def keyring(directory: Path, user: str) -> Path:
    return directory / f"ceph.client.{user}.keyring"


def founded(layout: Layout) -> Path:
    """There once the cluster knows its OSDs; before that they would not be let in."""
    return layout.ceph_home / "founded"


def mon_address(node: NodePlace) -> str:
    parts = [f"{version}:{node.address}:{port}" for version, port in MON_PORTS.items()]
    return f"[{','.join(parts)}]"
