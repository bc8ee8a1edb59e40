"""A VM with two filled disks and a snapshot, for the tests of export and import."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from cluster import DoorCluster
from snapshots import StumblingBlocks, define, keep
from storage import GIB

from pvc_core.model.operations import MetaVm

WEB, DB = (b"shop" * 2048), (b"base" * 4096)


class ExportBlocks(StumblingBlocks):
    """Reading and patching go on only while `going` is set; `patched` counts."""

    def __init__(self) -> None:
        super().__init__()
        self.on_create: Callable[[], None] = lambda: None
        self.halted = Event()

    def create_volume(self, pool: str, name: str, size: int) -> None:
        self.on_create()
        super().create_volume(pool, name, size)

    def put(self, volume: str, offset: int, data: bytes, pool: str = "vms") -> None:
        with self.patching(pool, volume) as patch:
            patch.write(offset, data)

    def holds(self, volume: str, pool: str = "vms") -> bytes:
        return bytes(self.content_of(pool, volume)).rstrip(b"\0")

    def drafts(self) -> list[str]:
        return [one.name for one in self.volumes("vms") if one.name.startswith("import.")]


def fill(cluster: DoorCluster, blocks: ExportBlocks) -> None:
    """VM vm1, and of it the snapshot `first`."""
    blocks.put("web", 4096, WEB)
    blocks.put("db", 0, DB)
    define(cluster, "vm1")
    cluster.submit(MetaVm(vm="vm1", description="the shop"))
    keep(cluster, "vm1", "first")


def check_copy(cluster: DoorCluster, blocks: ExportBlocks, name: str = "copy") -> None:
    vm = cluster.service.vm(name).spec
    assert (vm.rbd_disks, vm.description, vm.node) == ((f"vms/{name}-0", f"vms/{name}-1"), "the shop", "hv2")
    assert blocks.drafts() == [] and blocks.volume("vms", f"{name}-0").size == 10 * GIB
    assert vm.uuid != cluster.service.vm("vm1").spec.uuid
