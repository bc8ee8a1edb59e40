"""Everything a node finds when it boots: its own system directories, its parts, its names."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pvc_lab import libvirtd, product, zookeeper
from pvc_lab.ceph import daemons
from pvc_lab.ceph.place import kinds_of
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.processes import marked_environment
from pvc_lab.spawn import Command, base_environment
from pvc_lab.writing import write_if_changed

UNSHARE = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]


def furnish(layout: Layout, node: NodePlace, with_product: bool) -> None:
    """Write everything the node reads."""
    libvirtd.prepare(layout, node)
    write_if_changed(node.etc / "hosts", render_hosts(layout))
    write_if_changed(node.etc / "passwd", libvirtd.passwd_with_libvirt(Path("/etc/passwd").read_text()))
    write_if_changed(node.etc / "group", libvirtd.group_with_libvirt(Path("/etc/group").read_text()))
    if node in layout.members:
        zookeeper.prepare(layout, node)
    if with_product:
        product.prepare_node(layout, node)
    records = [command.as_dict() for command in commands(layout, node, with_product)]
    write_if_changed(node.parts_file, json.dumps(records, indent=2))
    write_if_changed(node.init_file, json.dumps(init_spec(layout, node), indent=2))


def commands(layout: Layout, node: NodePlace, with_product: bool) -> list[Command]:
    """What the node's init starts."""
    lines = {"libvirtd": libvirtd.COMMAND_LINE}
    if node in layout.members:
        lines["zookeeper"] = zookeeper.command_line(node)
    for kind in kinds_of(layout, node):
        lines[kind] = daemons.command_line(node, kind)
    if with_product:
        lines[product.SUPERVISOR] = product.worker_command_line(node)
    return [command(layout, node, kind, argv) for kind, argv in lines.items()]


def render_hosts(layout: Layout) -> str:
    """/etc/hosts of every node: names, and names with domain."""
    nodes = [f"{node.address} {node.name}.pvc.lab {node.name}\n" for node in layout.nodes]
    return "127.0.0.1 localhost\n" + f"{layout.address} host.pvc.lab host\n" + "".join(nodes)


def init_command(layout: Layout, node: NodePlace) -> Command:
    """The node's first process, in namespaces of its own."""
    init = [sys.executable, "-m", "pvc_lab.node_init", str(node.init_file)]
    return command(layout, node, "init", [*UNSHARE, *init])


def init_spec(layout: Layout, node: NodePlace) -> dict[str, object]:
    """What the init is told."""
    return {
        "hostname": node.name,
        "door": str(node.door),
        "parts_file": str(node.parts_file),
        "binds": [[str(source), target] for source, target in binds(layout, node)],
    }


def binds(layout: Layout, node: NodePlace) -> list[tuple[Path, str]]:
    """What the node has of its own, and where it sees it."""
    ceph = [(node.etc / "ceph", "/etc/ceph"), (node.ceph_var, "/var/lib/ceph")] if layout.ceph else []
    return [
        *ceph,
        (node.etc / "hosts", "/etc/hosts"),
        (node.etc / "passwd", "/etc/passwd"),
        (node.etc / "group", "/etc/group"),
        (node.etc / "libvirt", "/etc/libvirt"),
        (node.libvirt, "/var/lib/libvirt"),
        (node.log, "/var/log"),
        (node.cache, "/var/cache"),
    ]


def command(layout: Layout, node: NodePlace, kind: str, argv: list[str]) -> Command:
    part = f"{node.name}/{kind}"
    environment = {**base_environment(product.PROGRAMS), **marked_environment(layout.root, part)}
    respawn = kind == product.SUPERVISOR
    if respawn:
        # The disks of which OSDs are made here are files.
        environment["CEPH_VOLUME_ALLOW_LOOP_DEVICES"] = "true"
    log = node.log / f"{product.LOG_NAMES.get(kind, kind)}.log"
    return Command(kind, argv, environment, log, respawn)
