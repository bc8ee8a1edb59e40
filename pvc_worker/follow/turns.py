"""Which consoles concern a node, and what it is to do about each: found in the VMs' records, so that a guest
counts that was here and has left before anybody looked."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pvc_core.decide.turns import Turn, decide_turn, stays_of, turn_of
from pvc_core.model.log import LogHead
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_worker.follow.log import Log

SCAN_S = 2.0
"""How often all records are gone through; those of guests that are here, or waited for, at every look."""

SLOW_S = 40.0
"""How long a node may take to append the end of its part: its agent may be starting again, or be starved."""

DEAD_S = 15.0
"""The same, once no process of PVC has a session there."""


@dataclass(frozen=True)
class Found:
    vm: Seen[VmSpec]
    head: Seen[LogHead] | None
    turn: Turn

    @property
    def key(self) -> str:
        return tree.vm_log_key(self.vm.value.uuid)


class Turns:
    def __init__(self, store: Store, node: str) -> None:
        self._store, self._node = store, node
        self._over: dict[str, int] = {}
        """VMs for which there was nothing to do, by the version of their record."""
        self._since: dict[str, tuple[int, float]] = {}
        """Which stay is waited for, and since when."""
        self._next = 0.0

    def look(self, active: Collection[str], logs: Mapping[str, Log]) -> list[Found]:
        """What there is to do, now, or about the logs that are open."""
        is_open = {key.removeprefix("vm.") for key in logs if key.startswith("vm.")}
        uuids = {*active, *is_open, *self._since, *self._scanned()}
        vms = self._store.load_present([tree.vm_spec(uuid) for uuid in sorted(uuids)])
        asked = [vm for vm in vms if vm.value.uuid in is_open or self._is_new(vm)]
        known = {vm.value.uuid for vm in asked}
        self._since = {uuid: since for uuid, since in self._since.items() if uuid in known}
        return [self._found(vm, head) for vm, head in zip(asked, self._heads(asked, logs), strict=True)]

    def settle(self, found: Found) -> None:
        """There is nothing more to do until the record changes."""
        self._over[found.vm.value.uuid] = found.vm.version

    def _is_new(self, vm: Seen[VmSpec]) -> bool:
        return self._over.get(vm.value.uuid) != vm.version

    def _scanned(self) -> list[str]:
        if time.monotonic() < self._next:
            return []
        names = self._store.names(tree.VMS)
        self._over = {uuid: version for uuid, version in self._over.items() if uuid in set(names)}
        vms = self._store.load_present([tree.vm_spec(uuid) for uuid in names])
        self._next = time.monotonic() + SCAN_S
        return [vm.value.uuid for vm in vms if self._is_new(vm) and self._was_here(vm.value)]

    def _was_here(self, vm: VmSpec) -> bool:
        return any(stay.node == self._node for stay in stays_of(vm))

    def _heads(self, vms: list[Seen[VmSpec]], logs: Mapping[str, Log]) -> list[Seen[LogHead] | None]:
        """Who has a log open knows what it has written."""
        keys = [tree.vm_log_key(vm.value.uuid) for vm in vms]
        unknown = [key for key in keys if key not in logs]
        read = dict(zip(unknown, self._store.find_many([tree.log_head(key) for key in unknown]), strict=True))
        return [logs[key].head if key in logs else read[key] for key in keys]

    def _found(self, vm: Seen[VmSpec], head: Seen[LogHead] | None) -> Found:
        uuid, known = vm.value.uuid, head.value if head else None
        now = turn_of(known, stays_of(vm.value)).number
        stay, since = self._since.get(uuid, (now, time.monotonic()))
        waited = time.monotonic() - since if stay == now else 0.0
        found = Found(vm, head, decide_turn(vm.value, known, self._node, waited, self._patience))
        self._note(found, now, waited)
        return found

    def _note(self, found: Found, now: int, waited: float) -> None:
        uuid = found.vm.value.uuid
        if found.turn.do == "wait" or found.turn.passed_over:
            self._since[uuid] = (now, time.monotonic() - waited)
        else:
            self._since.pop(uuid, None)
        if found.turn.do == "nothing":
            self.settle(found)

    def _patience(self, node: str) -> float:
        living = self._store.load_present([tree.node_alive(node), tree.node_worker(node)])
        return SLOW_S if living else DEAD_S
