"""What the tags of VMs say about each other's nodes: `apart:NAME`, `together:NAME`.

`apart` is a rule: never two running VMs of that name on one node. `together` is a wish: on one node where
that is possible; it yields where a VM would otherwise be left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pvc_core.model.metadata import Tagged


class TagRule(StrEnum):
    APART = "apart"
    TOGETHER = "together"


Bundle = frozenset[str]
"""UUIDs of VMs that belong together, by one tag or over several."""


def groups(vm: Tagged, rule: TagRule) -> tuple[str, ...]:
    """Its tags of that kind."""
    return tuple(tag.name for tag in vm.tags if tag.name.startswith(f"{rule}:")) if vm.tags else ()


def bundles(vms: Mapping[str, Tagged]) -> dict[str, Bundle]:
    """By UUID, for the VMs that belong together with others."""
    found: dict[str, Bundle] = {}
    for members in _by_tag(vms).values():
        bundle = members.union(*(found.get(uuid, frozenset()) for uuid in members))
        found.update(dict.fromkeys(bundle, bundle))
    return {uuid: bundle for uuid, bundle in found.items() if len(bundle) > 1}


def _by_tag(vms: Mapping[str, Tagged]) -> dict[str, Bundle]:
    found: dict[str, set[str]] = {}
    for uuid, vm in vms.items():
        for tag in groups(vm, TagRule.TOGETHER):
            found.setdefault(tag, set()).add(uuid)
    return {tag: frozenset(members) for tag, members in found.items()}


def named(names: Iterable[str], most: int = 3) -> str:
    """`a, b, c and 2 more`."""
    each = sorted(names)
    rest = f" and {len(each) - most} more" if len(each) > most else ""
    return f"{', '.join(each[:most])}{rest}"
