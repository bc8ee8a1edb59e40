"""The parts of a lab by name, the processes behind each, and what can be done to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pvc_lab.ceph.place import kinds_of, root_kinds
from pvc_lab.errors import UnknownPart
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.product import LOG_NAMES, SUPERVISOR

# The children of the supervisor, by the names of their pid and hold files.
CHILDREN = {"agent": "agent", "worker": "jobs"}
ROOT_KINDS = ("redis", "api")


@dataclass(frozen=True)
class Part:
    """One thing that can be up or down: `hv1/libvirtd`, `redis`."""

    kind: str
    node: NodePlace | None
    log: Path

    @property
    def name(self) -> str:
        return f"{self.node.name}/{self.kind}" if self.node else self.kind

    @property
    def mark(self) -> str:
        """The mark its processes carry."""
        return f"{self.node.name}/{SUPERVISOR}" if self.node and self.child else self.name

    @property
    def child(self) -> str | None:
        """The name of its pid file, when it is a child of the supervisor."""
        return CHILDREN.get(self.kind)

    @property
    def pid_file(self) -> Path | None:
        return self.node.run / f"{self.child}.pid" if self.node and self.child else None

    @property
    def hold_file(self) -> Path | None:
        """While this file exists the supervisor leaves the child down."""
        return self.node.run / f"{self.child}.hold" if self.node and self.child else None


def parts_of(layout: Layout, with_product: bool) -> list[Part]:
    """Every part of the lab, node by node."""
    parts = [part for node in layout.nodes for part in node_parts(layout, node, with_product)]
    roots = [kind for kind in (*ROOT_KINDS, *root_kinds(layout)) if with_product or kind != "api"]
    return parts + [Part(kind, None, layout.log / f"{kind}.log") for kind in roots]


def node_parts(layout: Layout, node: NodePlace, with_product: bool) -> list[Part]:
    """The parts of one node."""
    kinds = ["zookeeper"] if node in layout.members else []
    kinds += kinds_of(layout, node) + ["libvirtd"] + (["agent", "worker"] if with_product else [])
    logs = {"agent": LOG_NAMES[SUPERVISOR]}
    return [Part(kind, node, node.log / f"{logs.get(kind, kind)}.log") for kind in kinds]


def find_part(parts: list[Part], name: str) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise UnknownPart(f"the lab has no part {name!r}", details=[part.name for part in parts])
