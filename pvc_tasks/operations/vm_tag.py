"""`vm tag add` and `vm tag remove`."""

from __future__ import annotations

from pvc_core.decide.metadata import TagProtected, given_again
from pvc_core.errors import InvalidRequest, NotFound
from pvc_core.model.metadata import MOST_TAGS, Tag
from pvc_core.model.operations import AddVmTag, RemoveVmTag
from pvc_core.model.vm import VmSpec
from pvc_core.store.look import load_vm
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.vm_meta import changed
from pvc_tasks.world import World


class AddVmTagHandler(ImmediateHandler[AddVmTag]):
    operation = AddVmTag

    def apply(self, asked: AddVmTag, world: World) -> Applied:
        seen = load_vm(world.store, asked.vm)
        vm, old = seen.value, _find(seen.value, asked.tag)
        tag = given_again(old, Tag(name=asked.tag, protected=asked.protected))
        if old is not None:
            return changed(world, seen, vm.but(tags=tuple(tag if each is old else each for each in vm.tags)))
        if len(vm.tags) >= MOST_TAGS:
            raise InvalidRequest(f"{vm.name} has {MOST_TAGS} tags, which is the most", "Remove some first.")
        return changed(world, seen, vm.but(tags=(*vm.tags, tag)))


class RemoveVmTagHandler(ImmediateHandler[RemoveVmTag]):
    operation = RemoveVmTag

    def apply(self, asked: RemoveVmTag, world: World) -> Applied:
        seen = load_vm(world.store, asked.vm)
        vm, old = seen.value, _find(seen.value, asked.tag)
        if old is None:
            tags = ", ".join(tag.name for tag in vm.tags) or "none"
            raise NotFound(
                f"{vm.name} has no tag {asked.tag}; it has {tags}", f"See `pvc vm tag get {vm.name}`."
            )
        if old.protected and not asked.force:
            raise TagProtected(f"the tag {old.name} of {vm.name} is protected")
        return changed(world, seen, vm.but(tags=tuple(tag for tag in vm.tags if tag is not old)))


def _find(vm: VmSpec, name: str) -> Tag | None:
    return next((tag for tag in vm.tags if tag.name == name), None)
