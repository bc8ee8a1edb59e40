"""Asking each part of the lab whether it answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from pvc_lab import cluster, libvirtd, product, redis, zookeeper
from pvc_lab.ceph import daemons, gateway
from pvc_lab.ceph.place import GATEWAY, MGR, kinds_of
from pvc_lab.layout import Layout
from pvc_lab.parts import Part
from pvc_lab.place import NodePlace
from pvc_lab.view import View
from pvc_lab.writing import keep_secret

OF_NODE: dict[str, Callable[[NodePlace], bool]] = {
    "zookeeper": zookeeper.answers,
    "libvirtd": libvirtd.answers,
}


def ask_all(layout: Layout, connection: str, parts: list[Part]) -> dict[str, bool]:
    """Every part's answer, asked at the same time."""
    view = View(layout)
    with ThreadPoolExecutor(max_workers=len(parts) + 1) as pool:
        alive = pool.submit(alive_nodes, connection, parts)
        asked = {part.name: pool.submit(ask, layout, view, part, alive) for part in parts}
        return {name: answer.result() for name, answer in asked.items()}


def ask(layout: Layout, view: View, part: Part, alive: Future[set[str]]) -> bool:
    """One part's answer; the job process has no door to knock at, so it answers when it runs."""
    if view.state_of(part) != "up":
        return False
    if part.node is None:
        return ask_root(layout, part)
    if part.kind == "agent":
        return part.node.name in alive.result()
    if part.kind in kinds_of(layout, part.node):
        return daemons.answers(part.node, part.kind)
    probe = OF_NODE.get(part.kind)
    return probe(part.node) if probe else True


def ask_root(layout: Layout, part: Part) -> bool:
    if part.kind == "redis":
        return redis.answers(layout, keep_secret(layout.secret("redis")))
    if part.kind == MGR:
        return daemons.mgr_answers(layout)
    if part.kind == GATEWAY:
        return gateway.answers(layout)
    return product.api_answers(layout)


def alive_nodes(connection: str, parts: list[Part]) -> set[str]:
    """An agent answers by keeping its node alive in the eyes of the cluster."""
    return cluster.alive_nodes(connection) if any(part.kind == "agent" for part in parts) else set()
