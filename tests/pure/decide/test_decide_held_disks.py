"""Whose disks are still open, and whose locks were left behind."""

from __future__ import annotations

import pytest
from decide_builders import a_vm

from pvc_core.decide.held_disks import all_disks, by_pool, find_held
from pvc_core.decide.leftover_locks import find_leftovers
from pvc_core.decide.open_disks import find_open_elsewhere, own_disks
from pvc_core.errors import VolumeInUse
from pvc_core.model.node import NodeSpec
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.storage import VolumeDetail, Watcher
from pvc_core.model.vm import RunningDomain

HV1, HV2 = "10.0.0.1:0/1", "10.0.0.2:0/2"
WEB = a_vm(1, "hv1").but(name="web", rbd_disks=("vms/web", "fast/web"))
DB = a_vm(2, "hv2").but(
    name="db", rbd_disks=("vms/db",), running=RunningDomain(memory_mib=1, rbd_disks=("vms/old-db",))
)
NODES = {name: Node(NodeSpec(name=name, address=f"10.0.0.{name[2:]}")) for name in ("hv1", "hv2")}
CLUSTER = Cluster(NODES, {one.uuid: one for one in (WEB, DB)})


def by(*addresses: str) -> tuple[Watcher, ...]:
    return tuple(Watcher(address=address, client="client.1") for address in addresses)


def volume(name: str, watchers: tuple[Watcher, ...], lockers: tuple[Watcher, ...]) -> VolumeDetail:
    return VolumeDetail(
        pool="vms", name=name, size=1, id=name, features=(), created=0.0, snapshots=(),
        watchers=watchers, lockers=lockers,
    )  # fmt: skip


def test_disks_of_all_vms_are_looked_at_also_those_of_the_domain_that_runs() -> None:
    assert by_pool(all_disks(CLUSTER)) == {"vms": {"web", "db", "old-db"}, "fast": {"web"}}


def test_what_is_open_from_there_is_named_whichever_vm_it_is() -> None:
    watchers = {"vms/web": by(HV2), "fast/web": by(HV1, HV2), "vms/old-db": by(HV1)}
    held = find_held(CLUSTER, "hv1", ["10.0.0.1"], watchers, ())
    assert [(one.vm, one.code, one.node) for one in held] == [
        ("db", "DISK_OPEN", "hv1"),
        ("web", "DISK_OPEN", "hv1"),
    ]
    assert held[0].message.endswith(f"open from hv1: vms/old-db (by {HV1})")
    assert "volume info vms old-db" in held[0].remedy


def test_a_task_of_our_own_is_named() -> None:
    watchers = {"vms/web": by(HV1), "vms/db": by("10.0.0.1:0/9")}
    db, web = find_held(CLUSTER, "hv1", ["10.0.0.1"], watchers, (), {HV1: "20260101t1200-a"})
    assert "task 20260101t1200-a is at work there" in web.message and "task wait" in web.remedy
    assert "task" not in db.message + db.remedy


def test_what_is_open_elsewhere_or_named_already_is_not() -> None:
    watchers = {"vms/web": by(HV2), "vms/db": by(HV1)}
    assert find_held(CLUSTER, "hv1", ["10.0.0.1"], watchers, {DB.uuid}) == []
    assert find_held(CLUSTER, "hv1", ["10.0.0.1"], {}, ()) == []


def test_locks_are_left_behind_only_where_nothing_is_open() -> None:
    left = volume("web", (), by(HV1))
    (lock,) = find_leftovers(CLUSTER, "web", [left, volume("other", (), ())])
    assert (lock.volume, lock.address, lock.node) == ("vms/web", HV1, "hv1")
    with pytest.raises(
        VolumeInUse, match="the locks of web may be in use: vms/db is open by a client on hv2"
    ):
        find_leftovers(CLUSTER, "web", [left, volume("db", by(HV2, HV2), by(HV2))])


def test_what_others_have_open_is_named_with_their_node() -> None:
    watchers = {"vms/web": by(HV1, HV2), "fast/web": by("10.9.9.9:0/5"), "vms/db": by(HV2)}
    found = find_open_elsewhere(CLUSTER, own_disks(CLUSTER, WEB), ["10.0.0.1"], watchers)
    assert [str(one) for one in found] == ["fast/web (by 10.9.9.9:0/5)", f"vms/web (by {HV2} on hv2)"]


def test_a_client_is_allowed_by_itself_and_its_host_is_not() -> None:
    watchers = {"vms/web": by(f"v1:{HV2}", "10.0.0.2:0/3")}
    found = find_open_elsewhere(CLUSTER, own_disks(CLUSTER, WEB), ["10.0.0.1", HV2], watchers)
    assert [one.address for one in found] == ["10.0.0.2:0/3"]


def test_only_a_disk_that_is_shared_may_be_open() -> None:
    other = DB.but(rbd_disks=("vms/db", "vms/web"), shareable_disks=("vms/web",))
    shared = WEB.but(shareable_disks=("vms/web",))
    assert own_disks(CLUSTER.with_vms((shared, other)), shared) == ["fast/web"]
    assert own_disks(CLUSTER.with_vms((other,)), WEB) == ["fast/web", "vms/web"]
    assert own_disks(CLUSTER.with_vms((shared,)), shared) == ["fast/web", "vms/web"]
