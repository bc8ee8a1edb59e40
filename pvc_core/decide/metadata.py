"""What a change of a VM's metadata comes to: its tags, and all of it in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pvc_core.errors import Conflict
from pvc_core.model.metadata import Metadata, Tag, Tagged
from pvc_core.model.vm import VmSpec, Wanted

PLACING = frozenset({"node_limit", "node_selector", "autorestart", "migration_method", "tags"})
"""A plan that was made before one of these changed is made again."""

UNSET = {"node_limit": "all nodes", "description": "none", "tags": "none"}
"""How the empty value of a field reads; of the others it means the configuration's."""


class TagProtected(Conflict):
    code = "TAG_PROTECTED"
    default_remedy = "If it must go, say so: `pvc vm tag remove VM TAG --force` (in the API: `force`)."


def retagged(vm: VmSpec, wished: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """These and no others; raises TagProtected for a protected one that is not among them."""
    known, names = {tag.name: tag for tag in vm.tags}, {tag.name for tag in wished}
    gone = [tag.name for tag in vm.tags if tag.protected and tag.name not in names]
    if gone:
        raise TagProtected(f"the tag {gone[0]} of {vm.name} is protected, and is not among those given")
    return tuple(given_again(known.get(tag.name), tag) for tag in wished)


def given_again(old: Tag | None, tag: Tag) -> Tag:
    """Once protected, a tag is not laid bare by being named again."""
    return tag if old is None else old.but(protected=old.protected or tag.protected)


def changed_fields(before: VmSpec, after: VmSpec) -> list[str]:
    """The names of the metadata that differ."""
    names = [*Metadata.model_fields, *Tagged.model_fields]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def tell_changes(before: VmSpec, after: VmSpec) -> str:
    """`web1: autorestart yes (was no), node limit hv1, hv2 (was all nodes)`."""
    told = [
        f"{name.replace('_', ' ')} {_said(after, name)} (was {_said(before, name)})"
        for name in changed_fields(before, after)
    ]
    if before.restart_on_ready is not None and after.restart_on_ready is None:
        told.append(f"`node ready {before.restart_on_ready}` does not start it any more")
    return f"{after.name}: {'; '.join(told)}" if told else f"{after.name} is so already; nothing was changed"


def tell_warnings(vm: VmSpec) -> list[str]:
    """Where a VM is or belongs and its node limit does not allow it; nothing is moved by a limit."""
    return list(_outside(vm)) if vm.node_limit else []


def _outside(vm: VmSpec) -> Iterator[str]:
    allowed = f"the node limit ({', '.join(vm.node_limit)})"
    if vm.node not in vm.node_limit and vm.state is Wanted.START:
        yield f"it runs on {vm.node}, outside {allowed}, until it is moved: pvc vm migrate {vm.name}"
    if vm.node not in vm.node_limit and vm.state is not Wanted.START:
        yield f"it is recorded on {vm.node}, outside {allowed}; its next start is on a node allowed"
    if vm.moving_to is not None and vm.moving_to not in vm.node_limit:
        yield f"it is on its way to {vm.moving_to}, outside {allowed}"
    if vm.previous_node is not None and vm.previous_node not in vm.node_limit:
        yield f"its home {vm.previous_node} is outside {allowed}; it cannot go home"


def _said(vm: VmSpec, name: str) -> str:
    value: Any = getattr(vm, name)
    if value in (None, "", ()):
        return UNSET.get(name, "as configured")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_word, value)) if isinstance(value, tuple) else str(value)


def _word(item: str | Tag) -> str:
    if isinstance(item, str):
        return item
    return f"{item.name} (protected)" if item.protected else item.name
