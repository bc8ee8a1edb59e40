"""Killed after any thing it has changed, a job of the storage ends as if nothing had happened.

The jobs of nodes and VMs meet the same in the simulator: tests/scenario/test_scenarios.py. An upload, which
waits for its sender, has tests of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cluster import ME
from snapshots import vm_xml
from storage import GIB, fill
from striking import NODE, Ground, run

from pvc_core.model import operations as ask
from pvc_core.model.operations import Operation
from pvc_core.store import tree
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.disks.fake import FakeDisks
from pvc_drivers.disks.port import Disk

Lay = Callable[[Ground], object]
DEAD = "10.9.9.9:0/8"


@dataclass(frozen=True)
class Case:
    """What is asked, on a ground that was laid out before."""

    asked: Operation
    lay: tuple[Lay, ...] = ()


def done(operation: Operation) -> Lay:
    """Asked before, and done without anybody dying."""

    def lay(ground: Ground) -> None:
        job, _ = run(ground, operation)
        assert job.state == "succeeded", job

    return lay


def vm(more: str = "") -> Lay:
    return lambda ground: ground.service.submit(ask.DefineVm(xml=vm_xml("vm1", more=more), node=NODE), ME)


def fourth_osd(ground: Ground) -> None:
    """What osd.0 has can go to it."""
    ground.blocks.daemons[3] = ground.blocks.daemons[0].but(id=3)


def open_lock(ground: Ground) -> None:
    ground.blocks.lock_volume("vms", "web", DEAD)


def odd_image(ground: Ground) -> None:
    ground.blocks.add_volume("vms", "old disk", GIB)
    ground.blocks.add_snapshot("vms", "old disk", "first one")


def snapshot(name: str = "first") -> Lay:
    return done(ask.AddSnapshot(pool="vms", volume="web", snapshot=name))


def kept(name: str = "first") -> Lay:
    return done(ask.AddVmSnapshot(vm="vm1", snapshot=name))


def written(ground: Ground) -> None:
    with ground.blocks.patching("vms", "web") as patch:
        patch.write(4096, b"shop" * 2048)


CLONE = ask.CloneVolume(pool="vms", volume="web", new="web2")
RUNNING = (vm(), done(ask.StartVm(vm="vm1")))

CASES: Mapping[str, Case] = {
    "a flag is set": Case(ask.SetOsdFlag(flag="noout")),
    "a flag is unset": Case(ask.UnsetOsdFlag(flag="noout"), (done(ask.SetOsdFlag(flag="noout")),)),
    "an OSD goes out": Case(ask.TakeOsdOut(osd="3"), (fourth_osd,)),
    "an OSD comes in": Case(ask.PutOsdIn(osd="3"), (fourth_osd, done(ask.TakeOsdOut(osd="3")))),
    "an OSD is added": Case(ask.AddOsd(node=NODE, device="/dev/sdb")),
    "an OSD is made of a used disk": Case(ask.AddOsd(node=NODE, device="/dev/sdc", force="/dev/sdc")),
    "an OSD is removed": Case(ask.RemoveOsd(osd="3"), (fourth_osd,)),
    "an OSD gets another disk": Case(ask.ReplaceOsd(osd="0", device="/dev/sdb"), (fourth_osd,)),
    "an OSD has lost its disk": Case(
        ask.ReplaceOsd(osd="0", device="/dev/sdb", force="osd.0"), (fourth_osd,)
    ),
    "a pool is made": Case(ask.AddPool(pool="fast", pgs=32, tier="ssd", autoscale="warn")),
    "a pool is removed": Case(ask.RemovePool(pool="slow", force="slow")),
    "a pool gets groups": Case(ask.SetPoolGroups(pool="vms", pgs=64)),
    "a volume is made": Case(ask.AddVolume(pool="vms", volume="new", size="1G")),
    "a volume is removed": Case(ask.RemoveVolume(pool="vms", volume="web")),
    "a volume grows": Case(ask.ResizeVolume(pool="vms", volume="web", size="20G")),
    "a volume grows under its guest": Case(ask.ResizeVolume(pool="vms", volume="web", size="20G"), RUNNING),
    "a volume shrinks": Case(ask.ResizeVolume(pool="vms", volume="web", size="1G", force=True)),
    "a volume is renamed": Case(ask.RenameVolume(pool="vms", volume="web", new="shop")),
    "a volume is cloned": Case(CLONE),
    "a snapshot is cloned": Case(CLONE.model_copy(update={"snapshot": "first"}), (snapshot(),)),
    "a clone is flattened at once": Case(CLONE.model_copy(update={"flatten": True})),
    "a clone is flattened": Case(ask.FlattenVolume(pool="vms", volume="web2"), (done(CLONE),)),
    "a clone is removed": Case(ask.RemoveVolume(pool="vms", volume="web2"), (done(CLONE),)),
    "a volume is adopted": Case(ask.AdoptVolume(pool="vms", volume="old", image="old disk"), (odd_image,)),
    "a snapshot is made": Case(ask.AddSnapshot(pool="vms", volume="web", snapshot="first")),
    "a snapshot is renamed": Case(
        ask.RenameSnapshot(pool="vms", volume="web", snapshot="first", new="second"), (snapshot(),)
    ),
    "a snapshot is protected": Case(
        ask.ProtectSnapshot(pool="vms", volume="web", snapshot="first"), (snapshot(),)
    ),
    "a snapshot is unprotected": Case(
        ask.UnprotectSnapshot(pool="vms", volume="web", snapshot="first"),
        (snapshot(), done(ask.ProtectSnapshot(pool="vms", volume="web", snapshot="first"))),
    ),
    "a volume is rolled back": Case(
        ask.RollBackSnapshot(pool="vms", volume="web", snapshot="first"), (written, snapshot())
    ),
    "a snapshot is removed": Case(
        ask.RemoveSnapshot(pool="vms", volume="web", snapshot="first"), (snapshot(),)
    ),
    "locks are broken": Case(ask.FlushVmLocks(vm="vm1"), (open_lock, vm())),
    "a stopped VM is kept": Case(ask.AddVmSnapshot(vm="vm1", snapshot="first"), (vm(),)),
    "a running VM is kept": Case(ask.AddVmSnapshot(vm="vm1", snapshot="first"), RUNNING),
    "a VM is rolled back": Case(
        ask.RollBackVm(vm="vm1", snapshot="first"),
        (written, vm(), kept(), done(ask.StartVm(vm="vm1")), done(ask.StopVm(vm="vm1"))),
    ),
    "a VM's snapshot is removed": Case(ask.RemoveVmSnapshot(vm="vm1", snapshot="first"), (vm(), kept())),
    "a VM is exported": Case(
        ask.ExportVmSnapshot(vm="vm1", snapshot="first", directory="out"), (written, vm(), kept())
    ),
    "a VM is imported": Case(
        ask.ImportVm(directory="out", node=NODE, rename="copy"),
        (
            written,
            vm(),
            kept(),
            done(ask.ExportVmSnapshot(vm="vm1", snapshot="first", directory="out")),
        ),
    ),
    "a VM is removed with its volumes": Case(ask.RemoveVm(vm="vm1"), (written, vm())),
    "a VM gets a volume": Case(ask.AddVmVolume(vm="vm1", volume="slow/archive"), RUNNING),
    "a VM loses a volume": Case(ask.RemoveVmVolume(vm="vm1", volume="vms/db"), RUNNING),
}


def laid(tmp: Path, case: Case) -> Ground:
    blocks = fill(FakeBlocks())
    disks = FakeDisks(blocks, NODE)
    disks.disks = {
        "/dev/sda": Disk("/dev/sda", 4 << 30, ("a ceph_bluestore signature",)),
        "/dev/sdb": Disk("/dev/sdb", 4 << 30),
        "/dev/sdc": Disk("/dev/sdc", 4 << 30, ("a gpt signature",)),
    }
    disks.osds, disks.kept = {"/dev/sda": blocks.marks[0]}, {0}
    tmp.mkdir()
    ground = Ground(tmp, blocks, disks)
    for lay in case.lay:
        lay(ground)
    return ground


def picture(ground: Ground) -> dict[str, Any]:
    """All that is there in the end, without times and numbers."""
    blocks, store = ground.blocks, ground.service.world.store
    vms = [view.spec for view in ground.service.vms()]
    volumes = [
        volume.but(created=0.0, id="", snapshots=tuple(map(_untold, volume.snapshots)))
        for pool in blocks.held.values()
        for volume in pool.values()
    ]
    return {
        "volumes": sorted(volumes, key=lambda one: (one.pool, one.name)),
        "snapshots": {
            key: [one.but(name=_untold(one.name), created=0.0) for one in kept]
            for key, kept in sorted(blocks.kept.items())
            if kept
        },
        "pools": {name: pool.but(id=0) for name, pool in blocks.made_pools.items()},
        "osds": blocks.daemons,
        "flags": (blocks.flagged, blocks.held_out),
        "disks": (ground.disks.disks, ground.disks.numbers(), ground.disks.kept),
        "vms": [(vm.name, vm.state, vm.node, vm.held_disks, vm.running) for vm in vms],
        "kept": [(one.name, one.state) for vm in vms for one in ground.service.vm_snapshots(vm.name)],
        "domains": [(one.name, one.state) for one in ground.fleet.node(NODE).domains()],
        "exports": sorted(
            (str(path.relative_to(ground.tmp)), path.stat().st_size) for path in ground.tmp.rglob("*.chunk")
        ),
        "locks": store.names_many([tree.LOCKS])[0],
        "queues": [store.home.children([tree.queue_path(one)])[0] for one in tree.queues_of(NODE, True)],
    }


def _untold(snapshot: str) -> str:
    """Without the number of the attempt in which a VM's snapshot was taken."""
    return re.sub(r"^(vm\..*)\.\d+$", r"\1", snapshot)


@pytest.mark.parametrize("name", CASES)
def test_struck_after_any_act_it_ends_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    whole = laid(tmp_path / "whole", case)
    job, acts = run(whole, case.asked)
    assert job.state == "succeeded", (job.text, job.error)
    expected = picture(whole)
    for act in range(1, acts + 1):
        ground = laid(tmp_path / f"struck-{act}", case)
        again, _ = run(ground, case.asked, after=act)
        assert again.state == "succeeded", (act, again.text, again.error, again.log)
        assert picture(ground) == expected, f"struck after act {act} of {acts}"
