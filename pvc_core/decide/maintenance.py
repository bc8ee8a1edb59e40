"""What of the storage is on a node, and what has to be awaited before its VMs come home."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pvc_core.model.node import NodeSpec
from pvc_core.model.storage import Monitor, Osd


@dataclass(frozen=True)
class Daemons:
    """The storage's daemons on some nodes; `hosts` as the storage calls them."""

    hosts: tuple[str, ...] = ()
    osds: tuple[int, ...] = ()
    monitors: tuple[str, ...] = ()


def daemons_on(nodes: Iterable[NodeSpec], osds: Iterable[Osd], monitors: Iterable[Monitor]) -> Daemons:
    """By the nodes' names, with or without their domains; monitors also by address."""
    known = list(nodes)
    names = {name for node in known for name in names_of(node.name)}
    addresses = {address for node in known for address in node.addresses}
    theirs = [osd for osd in osds if osd.node in names]
    return Daemons(
        tuple(sorted({osd.node for osd in theirs})),
        tuple(osd.id for osd in theirs),
        tuple(one.name for one in monitors if one.name in names or one.address in addresses),
    )


def names_of(node: str) -> tuple[str, ...]:
    """By which the storage may know it."""
    return (node, node.partition(".")[0])


def describe_missing(osds: Iterable[Osd], ids: Iterable[int]) -> str:
    """Those that data are placed on, and that do not run; empty if there are none.

    One that was taken out will not be missed: its data are rebuilt elsewhere.
    """
    awaited = set(ids)
    return ", ".join(f"osd.{osd.id}" for osd in osds if osd.id in awaited and osd.within and not osd.up)


def describe_unclean(groups: Mapping[str, int]) -> str:
    """How many placement groups lack what, as in "12 placement groups: 12 degraded, 4 undersized"; empty
    if none does. One that is merely being checked (scrubbed) is clean."""
    unclean = {state: count for state, count in groups.items() if not _is_clean(state)}
    faults: dict[str, int] = {}
    for state, count in unclean.items():
        for word in state.split("+"):
            if word not in ("active", "clean"):
                faults[word] = faults.get(word, 0) + count
    total = sum(unclean.values())
    if not total:
        return ""
    words = ", ".join(f"{count} {word}" for word, count in sorted(faults.items()))
    return f"{total} placement group{'s' if total > 1 else ''}" + (f": {words}" if words else "")


def _is_clean(state: str) -> bool:
    return {"active", "clean"} <= set(state.split("+"))
