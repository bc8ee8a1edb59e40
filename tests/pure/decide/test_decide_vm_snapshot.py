"""Snapshots of VMs: which volumes, which names, what differs."""

from __future__ import annotations

import pytest
from decide_builders import a_vm

from pvc_core.decide.snapshot_names import OF_VM, is_proper
from pvc_core.decide.transitions import Act, HalfRolledBack, Seen, judge
from pvc_core.decide.views import find_half_rolled_back
from pvc_core.decide.vm_snapshot import (
    MOST_LINES,
    NoVolume,
    SnapshotNotWhole,
    TooManySnapshots,
    check_room,
    check_whole,
    diff_lines,
    diff_metadata,
    name_disks,
    saved_metadata,
    written_volumes,
)
from pvc_core.errors import AlreadyExists
from pvc_core.model.metadata import Tag
from pvc_core.model.vm import RunningDomain, Wanted
from pvc_core.model.vm_snapshot import MOST_SNAPSHOTS, SnapshotState, VmSnapshot
from pvc_core.xml.agent import has_agent
from pvc_core.xml.read_only import read_only_volumes, written_elsewhere

JOB = "20261121t113422-dfaspo1h"
XML = """<domain><name>a</name><devices>
<disk type='network' device='disk'><source protocol='rbd' name='vms/a'/></disk>
<disk type='network' device='cdrom'><source protocol='rbd' name='vms/cd'/></disk>
<disk type='network' device='disk'><source protocol='rbd' name='vms/ro'/><readonly/></disk>
<disk type='file' device='disk'><source file='/srv/b'/><target dev='vdb'/></disk>
<disk type='file' device='cdrom'><source file='/srv/c'/></disk>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'{state}/></channel>
</devices></domain>"""


def test_what_it_may_write_to_is_kept_also_what_only_its_running_guest_has() -> None:
    vm = a_vm(1).but(
        rbd_disks=("vms/a", "vms/cd"), running=RunningDomain(memory_mib=1, rbd_disks=("vms/a", "vms/b"))
    )
    assert written_volumes(vm, {"vms/cd"}) == (("vms", "a"), ("vms", "b"))


@pytest.mark.parametrize("disks", [(), ("vms/cd",), ("nameless",), ("a/b/c",), ("vms/a b",), ("/a",)])
def test_what_cannot_be_kept_is_named(disks: tuple[str, ...]) -> None:
    with pytest.raises(NoVolume, match=r"vm1"):
        written_volumes(a_vm(1).but(rbd_disks=disks), {"vms/cd"})


def test_the_longest_name_still_makes_a_proper_one() -> None:
    (disk,) = name_disks([("vms", "a")], "x" * 48, JOB, 3)
    assert is_proper(disk.snapshot) and disk.snapshot.startswith(OF_VM) and "dfaspo1h3" in disk.snapshot
    assert name_disks([("vms", "a")], "x", JOB, 1) != name_disks([("vms", "a")], "x", JOB, 2)


def test_there_is_room_or_a_remedy() -> None:
    check_room(a_vm(1), ["a"], "b")
    check_room(a_vm(1), ["a"], None)
    with pytest.raises(AlreadyExists):
        check_room(a_vm(1), ["a"], "a")
    with pytest.raises(TooManySnapshots):
        check_room(a_vm(1), [str(number) for number in range(MOST_SNAPSHOTS)], None)


@pytest.mark.parametrize("state", [SnapshotState.MAKING, SnapshotState.REMOVING])
def test_half_a_snapshot_is_good_for_nothing(state: SnapshotState) -> None:
    with pytest.raises(SnapshotNotWhole, match=state):
        check_whole(a_vm(1), VmSnapshot(name="a", created=1, state=state))


@pytest.mark.parametrize("wanted", [Wanted.STOP, Wanted.DISABLE])
def test_a_vm_of_two_times_is_not_started(wanted: Wanted) -> None:
    vm = a_vm(1, state=wanted).but(rolling_back="first")
    for act in (Act.START, Act.SNAPSHOT):
        assert isinstance(judge(vm, Seen.OFF, act).refusal, HalfRolledBack)
    assert judge(vm, Seen.OFF, Act.ROLLBACK).refusal is None
    assert [fault.code for fault in find_half_rolled_back(vm)] == ["VM_HALF_ROLLED_BACK"]


def test_differences_are_told() -> None:
    before = a_vm(1)
    after = before.but(autorestart=True, tags=(Tag(name="shop"),), max_downtime_ms=5)
    found = diff_metadata(saved_metadata(before), saved_metadata(after))
    told = {(one.field, one.before, one.after) for one in found}
    assert told == {
        ("autorestart", "False", "True"),
        ("tags", "", "shop"),
        ("max_downtime_ms", "", "5"),
    }
    assert diff_lines("a\nb", "a\nc") == ("@@ -1,2 +1,2 @@", " a", "-b", "+c")
    assert diff_lines("a", "a") == ()
    assert len(diff_lines("", "\n".join(map(str, range(2 * MOST_LINES))))) == MOST_LINES + 1


def test_disks_that_are_only_read_and_such_as_are_elsewhere() -> None:
    xml = XML.format(state="")
    assert read_only_volumes(xml) == {"vms/cd", "vms/ro"}
    assert written_elsewhere(xml) == ("/srv/b",)


@pytest.mark.parametrize(
    ("state", "there"), [("", False), (" state='disconnected'", False), (" state='connected'", True)]
)
def test_an_agent_counts_once_it_is_heard(state: str, there: bool) -> None:
    assert has_agent(XML.format(state=state)) is there
