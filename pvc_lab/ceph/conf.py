"""ceph.conf: one for each node, one for what runs beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pvc_lab.ceph.place import GATEWAY, S3_PORT, door, fsid, gateway_data, kinds_of, mgr_door, mon_address
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace

OSD_GIB = 4
Sections = dict[str, dict[str, object]]


def render_node(layout: Layout, node: NodePlace) -> str:
    """The node's daemons bind to its own address."""
    daemons: Sections = {
        _section(node, kind): {"public addr": node.address, "admin socket": door(node, kind)}
        for kind in kinds_of(layout, node)
    }
    return _render({**common(layout), **daemons})


def render_host(layout: Layout) -> str:
    daemon = {"public addr": layout.address, "admin socket": mgr_door(layout)}
    gateway = {f"client.{GATEWAY}": gateway_settings(layout)} if layout.s3 else {}
    return _render({**common(layout), "mgr": {**common(layout)["mgr"], **daemon}, **gateway})


def gateway_settings(layout: Layout) -> dict[str, object]:
    return {
        **common(layout)["mgr"],
        "rgw data": gateway_data(layout),
        "rgw frontends": f"beast endpoint={layout.address}:{S3_PORT}",
    }


def common(layout: Layout) -> Sections:
    """Timings are short, so that faults can be watched; a power cut is noticed within seconds."""
    copies = len(layout.members)
    logging = {"log file": "", "log to stderr": "true", "log to syslog": "false"}
    return {
        "global": {
            "fsid": fsid(layout),
            "mon host": " ".join(mon_address(node) for node in layout.members),
            "mon initial members": ", ".join(node.name for node in layout.members),
            "auth allow insecure global id reclaim": "false",
            "osd pool default size": copies,
            "osd pool default min size": max(1, copies - 1),
            "osd pool default pg autoscale mode": "off",
            "osd heartbeat interval": 1,
            "osd heartbeat grace": 5,
            "osd client watch timeout": 8,
            "mon warn on slow ping time": 5000,
        },
        "mon": {
            **logging,
            "mon allow pool delete": "true",
            "mon warn on pool no redundancy": "false",
            "mon cluster log to file": "false",
            "mon data avail warn": 5,
            "mon data avail crit": 1,
            "mon lease": 2,
            "mon election timeout": 2,
            "mon osd adjust heartbeat grace": "false",
            "mon osd min down reporters": 1,
        },
        "osd": {
            **logging,
            "osd memory target": "512M",
            "bluestore block size": OSD_GIB << 30,
            "osd class update on start": "true",
            "osd max markdown count": 1000,
        },
        "mgr": dict(logging),
    }


def _section(node: NodePlace, kind: str) -> str:
    return f"mon.{node.name}" if kind == "mon" else f"osd.{kind.removeprefix('osd')}"


def _render(sections: Mapping[str, Mapping[str, object]]) -> str:
    blocks = (
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
        for name, settings in sections.items()
    )
    return "\n".join(blocks)
