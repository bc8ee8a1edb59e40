"""VMs with two disks in block storage that can be made to stumble, for the tests of their snapshots."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from cluster import ME, DoorCluster, domain_xml
from storage import SlowBlocks, fill

from pvc_core.model.job import Job
from pvc_core.model.operations import AddVmSnapshot, DefineVm, RollBackVm, StartVm
from pvc_core.model.vm_snapshot import VmSnapshot
from pvc_drivers.blocks.port import Tell

DISK = (
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
    "<source protocol='rbd' name='{}'/><target dev='{}' bus='virtio'/></disk>"
)
CHANNEL = (
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>"
)
CDROM = (
    "<disk type='network' device='cdrom'><source protocol='rbd' name='slow/archive'/>"
    "<target dev='sda' bus='sata'/><readonly/></disk>"
)


class StumblingBlocks(SlowBlocks):
    """`before` is called ahead of every snapshot that is made, and may raise; `allowed` lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        fill(self)
        self.before: Callable[[str], None] = lambda name: None
        self.allowed = Event()
        self.allowed.set()
        self.rolling: list[str] = []

    def create_snapshot(self, pool: str, volume: str, name: str) -> None:
        self.before(volume)
        self.allowed.wait(5)
        super().create_snapshot(pool, volume, name)

    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        self.rolling.append(volume)
        super().rollback_snapshot(pool, volume, name, self.slowed(tell))

    def names(self, *volumes: str) -> list[tuple[str, ...]]:
        """The snapshots of each."""
        return [self.volume("vms", volume).snapshots for volume in volumes or ("web", "db")]


def vm_xml(name: str, disks: tuple[str, ...] = ("vms/web", "vms/db"), more: str = "") -> str:
    each = "".join(DISK.format(disk, f"vd{'abcdef'[place]}") for place, disk in enumerate(disks))
    return domain_xml(name).replace("</domain>", f"<devices>{each}{more}</devices></domain>")


def define(
    cluster: DoorCluster, name: str, disks: tuple[str, ...] = ("vms/web", "vms/db"), more: str = ""
) -> str:
    asked = DefineVm(xml=vm_xml(name, disks, more), node="hv1")
    return str(cluster.service.submit(asked, ME).result["uuid"])


def run(
    cluster: DoorCluster, name: str, disks: tuple[str, ...] = ("vms/web", "vms/db"), more: str = ""
) -> str:
    uuid = define(cluster, name, disks, more)
    assert cluster.run(StartVm(vm=uuid)).state == "succeeded"
    return uuid


def keep(cluster: DoorCluster, vm: str, name: str) -> Job:
    job = cluster.run(AddVmSnapshot(vm=vm, snapshot=name))
    assert job.state == "succeeded", (job.text, job.log)
    return job


def roll_back(cluster: DoorCluster, vm: str, name: str) -> Job:
    job = cluster.run(RollBackVm(vm=vm, snapshot=name))
    assert job.state == "succeeded", (job.text, job.log)
    return job


def only(cluster: DoorCluster, vm: str) -> VmSnapshot:
    (found,) = cluster.service.vm_snapshots(vm)
    return found


def state(cluster: DoorCluster, uuid: str, node: str = "hv1") -> str:
    domain = cluster.fleet.node(node).domain(uuid)
    assert domain is not None
    return domain.state


def frozen(cluster: DoorCluster, uuid: str, node: str = "hv1") -> bool:
    return cluster.fleet.node(node).guests[uuid].frozen
