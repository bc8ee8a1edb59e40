"""The keys of Ceph's daemons and clients: made by the lab, kept with its secrets."""

from __future__ import annotations

import base64
import os
import struct
import time
from pathlib import Path

from pvc_lab.ceph import place
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.writing import write_secretly

ALL = "allow *"
# With which ceph-volume makes OSDs known.
BOOTSTRAP = "client.bootstrap-osd"
# What may be done with disks, and nothing else.
DISKS = {"mon": "profile rbd", "osd": "profile rbd", "mgr": "profile rbd"}
# What PVC does: look at the cluster, change pools, OSDs and flags, and use disks. It makes no keys, asks the
# manager without changing anything there, and has no business with objects that are not RBD's.
PVC = {"mon": "allow rw", "osd": "profile rbd", "mgr": "allow r"}
# The S3 gateway makes its own pools.
S3 = {"mon": "allow rw", "osd": "allow rwx", "mgr": "allow rw"}


def entities(layout: Layout) -> dict[str, dict[str, str]]:
    """Everybody who has a key, and what it opens."""
    osds = {
        f"osd.{place.osd_id(node)}": {"mon": "allow profile osd", "mgr": "allow profile osd", "osd": ALL}
        for node in layout.members
    }
    clients = {f"client.{node.name}": PVC for node in layout.nodes}
    gateway = {f"client.{place.GATEWAY}": S3} if layout.s3 else {}
    return {
        "mon.": {"mon": ALL},
        f"mgr.{place.MGR}": {"mon": "allow profile mgr", "osd": ALL, "mds": ALL},
        "client.admin": {"mon": ALL, "osd": ALL, "mgr": ALL, "mds": ALL},
        f"client.{place.API_USER}": PVC,
        f"client.{place.LIBVIRT_USER}": DISKS,
        BOOTSTRAP: {"mon": "allow profile bootstrap-osd"},
        **osds,
        **clients,
        **gateway,
    }


def write_all(layout: Layout) -> None:
    """Every keyring where its owner looks for it; only the lab itself has the administrator's."""
    write_keyring(layout, layout.ceph_home / "initial.keyring", list(entities(layout)))
    write_keyring(layout, place.mgr_data(layout) / "keyring", [f"mgr.{place.MGR}"])
    for user in ("admin", place.API_USER, *([place.GATEWAY] if layout.s3 else [])):
        write_keyring(layout, place.keyring(layout.ceph_home, user), [f"client.{user}"])
    for node in layout.nodes:
        write_node(layout, node)


def write_node(layout: Layout, node: NodePlace) -> None:
    """The node's own key, and the secret by which its libvirtd opens disks."""
    own = place.keyring(place.node_conf_file(node).parent, node.name)
    write_keyring(layout, own, [f"client.{node.name}"])
    write_keyring(layout, node.ceph_var / "bootstrap-osd" / "ceph.keyring", [BOOTSTRAP])
    (node.ceph_var / "osd").mkdir(exist_ok=True)
    secrets = node.etc / "libvirt" / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    uuid = place.secret_uuid(layout)
    write_secretly(secrets / f"{uuid}.xml", render_secret(uuid))
    write_secretly(secrets / f"{uuid}.base64", key_of(layout, f"client.{place.LIBVIRT_USER}"))


def write_keyring(layout: Layout, path: Path, names: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_secretly(
        path, "\n".join(render(name, key_of(layout, name), entities(layout)[name]) for name in names)
    )


def render(name: str, key: str, caps: dict[str, str]) -> str:
    """One entry of a keyring."""
    lines = [f"[{name}]", f"key = {key}", *(f'caps {kind} = "{cap}"' for kind, cap in caps.items())]
    return "\n".join(lines) + "\n"


def render_secret(uuid: str) -> str:
    """The libvirt secret of the guests' disks."""
    usage = f"<usage type='ceph'><name>client.{place.LIBVIRT_USER}</name></usage>"
    return f"<secret ephemeral='no' private='yes'><uuid>{uuid}</uuid>{usage}</secret>\n"


def key_of(layout: Layout, name: str) -> str:
    """The key of that name; made up at the first call."""
    path = layout.secret(f"ceph-{name.strip('.')}")
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secretly(path, make_key() + "\n")
    return path.read_text().strip()


def make_key() -> str:
    """In Ceph's own form: type AES, time of making, length, key."""
    key = os.urandom(16)
    return base64.b64encode(struct.pack("<hiih", 1, int(time.time()), 0, len(key)) + key).decode()
