"""Volumes that VMs run with, and long calls that a test can hold, for the tests of volumes and snapshots."""

from __future__ import annotations

from cluster import ME, DoorCluster, domain_xml
from storage import SlowBlocks

from pvc_core.model.job import Job
from pvc_core.model.operations import DefineVm, FlattenVolume, StartVm
from pvc_core.store.look import load_vm
from pvc_drivers.blocks.port import Tell

DISK = (
    "<devices><disk type='network' device='disk'><driver name='qemu' type='raw'/>"
    "<source protocol='rbd' name='{path}'/><target dev='vda' bus='virtio'/>{mark}</disk></devices></domain>"
)


class SlowEdits(SlowBlocks):
    """The long edits as well; `tried` counts how often one was begun."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = 0

    def resize_volume(self, pool: str, volume: str, size: int, tell: Tell) -> None:
        self.tried += 1
        super().resize_volume(pool, volume, size, self.slowed(tell))

    def flatten_volume(self, pool: str, volume: str, tell: Tell) -> None:
        self.tried += 1
        super().flatten_volume(pool, volume, self.slowed(tell))

    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        self.tried += 1
        super().rollback_snapshot(pool, volume, name, self.slowed(tell))


def xml_with(name: str, path: str, mark: str = "") -> str:
    """`mark` is what the definition says of the disk besides."""
    return domain_xml(name).replace("</domain>", DISK.format(path=path, mark=mark))


def define_with(cluster: DoorCluster, name: str, path: str, node: str = "hv1", mark: str = "") -> str:
    asked = DefineVm(xml=xml_with(name, path, mark), node=node)
    return str(cluster.service.submit(asked, ME).result["uuid"])


def run_with(cluster: DoorCluster, name: str, path: str, node: str = "hv1", mark: str = "") -> str:
    uuid = define_with(cluster, name, path, node, mark)
    succeeded(cluster.run(StartVm(vm=uuid)))
    return uuid


def slip_in(cluster: DoorCluster, vm: str, *disks: str) -> None:
    """Disks that its record has all at once, as if nobody had looked."""
    seen = load_vm(cluster.service.store, vm)
    cluster.service.store.commit(seen.save(seen.value.but(rbd_disks=disks)))


def hold_flatten(cluster: DoorCluster, blocks: SlowEdits, volume: str, node: str) -> Job:
    """A task at work on a clone, on that node, until `blocks.going` is set."""
    blocks.add_snapshot("slow", "archive", "base")
    blocks.held["vms"][volume] = blocks.volume("vms", volume).but(parent="slow/archive@base")
    others = [name for name in cluster.names if name != node]
    for name in others:
        cluster.kill_worker(name)
    blocks.going.clear()
    job = cluster.submit(FlattenVolume(pool="vms", volume=volume))
    cluster.await_true(lambda: blocks.tried > 0, "it is at work")
    for name in others:
        cluster.start_worker(name)
    return job


def succeeded(job: Job) -> Job:
    assert job.state == "succeeded", job
    return job
