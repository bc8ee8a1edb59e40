"""Which logs a node has: the consoles of the guests it runs, and its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from pvc_core.config import Config, NodeSection
from pvc_core.decide.turns import Stay, console_then
from pvc_core.errors import PvcError
from pvc_core.model.log import Keep
from pvc_core.model.node import Domain
from pvc_core.model.record import Record
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Ref, Store
from pvc_core.xml.domain import parse_domain
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_drivers.logs.port import LogFiles
from pvc_worker.follow.log import Source
from pvc_worker.logs import log_file

Domains = Callable[[], tuple[Domain, ...] | None]
"""What the node runs, as far as it has been looked at."""


class Sources:
    def __init__(
        self,
        store: Store,
        config: Config,
        node: NodeSection,
        hypervisor: Hypervisor,
        consoles: LogFiles,
        own: LogFiles,
    ) -> None:
        self._store, self._config, self._node = store, config, node.name
        self._hypervisor, self._consoles, self._own = hypervisor, consoles, own

    def own_log(self) -> Source | None:
        """None where it is not ours to follow."""
        about = cast(Ref[Record], tree.node_spec(self._node))
        path = str(log_file(self._config.logs.directory))
        return Source(tree.node_log_key(self._node), path, self._own, about, self._keep(None))

    def console_of(self, vm: VmSpec, stay: Stay, path: str | None = None) -> Source:
        """Of a VM that may be gone from here; `path` where it is known."""
        about = cast(Ref[Record], tree.vm_spec(vm.uuid))
        keep = self._keep(vm.console_lines)
        return Source(tree.vm_log_key(vm.uuid), path or self._path(vm, stay), self._consoles, about, keep)

    def _path(self, vm: VmSpec, stay: Stay) -> str:
        """As it was then, if that was noted; as the running domain has it, else as it is defined, else where
        libvirt would put it."""
        if (then := console_then(vm, stay)) is not None:
            return str(self._config.console.directory / then)
        for ask in (self._hypervisor.xml, self._stored):
            try:
                named = parse_domain(ask(vm.uuid)).console_log
            except PvcError:
                continue
            if named:
                return named
        return str(self._config.console.directory / f"{vm.name}.log")

    def _stored(self, uuid: str) -> str:
        return self._store.load(tree.vm_xml(uuid)).value.xml

    def _keep(self, lines: int | None) -> Keep:
        return Keep(lines or self._config.console.lines, self._config.console.kib * 1024)
