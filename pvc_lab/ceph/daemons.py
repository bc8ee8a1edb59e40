"""How Ceph's daemons are started, and whether they answer."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from pvc_lab.ceph import place
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace


def command_line(node: NodePlace, kind: str) -> list[str]:
    conf, data = str(place.node_conf_file(node)), str(place.data(node, kind))
    if kind == "mon":
        return ["ceph-mon", "-f", "-c", conf, "-i", node.name, "--mon-data", data]
    return ["ceph-osd", "-f", "-c", conf, "-i", str(place.osd_id(node)), "--osd-data", data]


def mgr_command_line(layout: Layout) -> list[str]:
    conf, data = str(place.conf_file(layout)), str(place.mgr_data(layout))
    return ["ceph-mgr", "-f", "-c", conf, "-i", place.MGR, "--mgr-data", data]


def may_start(layout: Layout, kind: str) -> bool:
    """An OSD the cluster has not heard of would be sent away for good."""
    return not kind.startswith("osd") or place.founded(layout).exists()


def answers(node: NodePlace, kind: str) -> bool:
    """A monitor in the quorum, an OSD that serves."""
    if kind == "mon":
        return ask(place.door(node, kind), "mon_status").get("state") in ("leader", "peon")
    return bool(ask(place.door(node, kind), "status").get("state") == "active")


def mgr_answers(layout: Layout) -> bool:
    return bool(ask(place.mgr_door(layout), "version"))


def ask(door: Path, prefix: str, timeout: float = 3) -> dict[str, Any]:
    """What a daemon says at its admin socket; nothing if it does not."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout)
            link.connect(str(door))
            link.sendall(json.dumps({"prefix": prefix}).encode() + b"\0")
            said = link.makefile("rb")
            (length,) = struct.unpack(">I", said.read(4))
            answer: dict[str, Any] = json.loads(said.read(length))
    except (OSError, ValueError, struct.error):
        return {}
    return answer
