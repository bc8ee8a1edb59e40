"""Bringing parts back, whatever became of them: off, cut, killed or stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pvc_lab import network
from pvc_lab import node as nodes
from pvc_lab.ceph import daemons
from pvc_lab.furnish import commands
from pvc_lab.layout import Layout
from pvc_lab.parts import Part, node_parts, parts_of
from pvc_lab.place import NodePlace
from pvc_lab.run import wait_for
from pvc_lab.signals import continue_part, start_part
from pvc_lab.together import together
from pvc_lab.view import View

POWER_ON_S = 40


def revive_all(layout: Layout, with_product: bool) -> None:
    """Start what does not run, let go on what is stopped, heal what is cut; all at the same time."""
    roots = [part for part in parts_of(layout, with_product) if part.node is None]
    work: list[Callable[[], None]] = [partial(revive_part, layout, part) for part in roots]
    work += [partial(revive_node, layout, node, with_product) for node in layout.nodes]
    together(work)


def revive_node(layout: Layout, node: NodePlace, with_product: bool) -> None:
    """The node is on, connected, and all its parts are starting afterwards."""
    view = View(layout)
    if not view.is_on(node):
        nodes.switch_on(layout, node)
    elif view.is_cut(node):
        network.heal(node)
    for part in node_parts(layout, node, with_product):
        release(layout, part, view)
    kinds = [command.part for command in commands(layout, node, with_product)]
    nodes.start_parts(node, [kind for kind in kinds if daemons.may_start(layout, kind)])


def revive_part(layout: Layout, part: Part) -> None:
    """The same for a part outside the nodes."""
    view = View(layout)
    release(layout, part, view)
    if view.state_of(part) == "down":
        start_part(layout, part)


def release(layout: Layout, part: Part, view: View) -> None:
    """Undo an earlier kill or stop."""
    if part.hold_file:
        part.hold_file.unlink(missing_ok=True)
    if view.state_of(part) == "stopped":
        continue_part(layout, part)


def power_on(layout: Layout, node: NodePlace, with_product: bool) -> None:
    """Boot the node with all its parts; its disks are as they were, its /run is empty."""
    if View(layout).is_on(node):
        return
    revive_node(layout, node, with_product)
    parts = node_parts(layout, node, with_product)
    wait_for(
        f"the parts of {node.name} start", lambda: _all_up(layout, parts), POWER_ON_S, f"Read {node.log}"
    )


def _all_up(layout: Layout, parts: list[Part]) -> bool:
    view = View(layout)
    return all(view.state_of(part) == "up" for part in parts)
