"""What both homes of the hypervisor port promise. The real one needs root and runs with `-m lab`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypervisor_homes import FakePair, LabPair, Pair, lab

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_core.xml.devices import load_device
from pvc_core.xml.domain import parse_domain
from pvc_core.xml.hardware import parse_hardware
from pvc_core.xml.sizes import with_vcpus
from pvc_drivers.hypervisor.port import DomainEvent, Hypervisor, Migration

NOBODY = "00000000-0000-4000-8000-000000000000"
SLACK_S = 3.0


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[None]:
    """A lab of two nodes without the product."""
    try:
        lab("up", "--nodes", "2", "--without-product")
        yield
    finally:
        lab("down")


@pytest.fixture(params=["fake", pytest.param("libvirt", marks=[pytest.mark.lab, pytest.mark.timeout(180)])])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    if request.param == "fake":
        made: Pair = FakePair()
    else:
        request.getfixturevalue("two_nodes")
        made = LabPair()
    yield made
    made.close()


@pytest.fixture
def vm(pair: Pair) -> str:
    """The UUID of a guest that runs on the source."""
    pair.source.start(pair.guest("vm1"))
    return pair.source.domains()[0].uuid


@pytest.fixture
def endless(pair: Pair) -> str:
    """The UUID of a guest on the source whose migration does not end."""
    pair.source.start(pair.guest("busy1", endless=True))
    pair.wait_booted("busy1")
    return pair.source.domains()[0].uuid


def begin(pair: Pair, uuid: str) -> threading.Event:
    """A migration to the target, seen as active; the event is its bell."""
    ended = threading.Event()
    pair.source.begin_migration(uuid, pair.order(slow=True), ended.set)
    pair.wait("bytes flow", lambda: seen(pair.source, uuid).progress.bytes_total)
    return ended


def seen(home: Hypervisor, uuid: str) -> Migration:
    migration = home.migration(uuid)
    assert migration is not None
    return migration


def states(home: Hypervisor) -> list[tuple[str, str]]:
    return [(domain.name, domain.state) for domain in home.domains()]


def heard(home: Hypervisor) -> list[tuple[str, str]]:
    """A list that grows with every event."""
    events: list[tuple[str, str]] = []

    def listen(event: DomainEvent) -> None:
        events.append((event.kind, event.reason))

    home.on_event(listen)
    return events


def test_capacity(pair: Pair) -> None:
    capacity = pair.source.capacity()
    assert capacity.memory_mib > 256
    assert capacity.vcpus > 0
    assert capacity.host.startswith("hv1")
    assert capacity.hypervisor == "QEMU"
    assert capacity.libvirt_version.count(".") == capacity.hypervisor_version.count(".") == 2


def test_an_empty_node(pair: Pair) -> None:
    assert pair.source.domains() == ()
    assert pair.source.domain(NOBODY) is None
    assert pair.source.migration(NOBODY) is None


def test_a_started_domain_is_seen(pair: Pair, vm: str) -> None:
    (domain,) = pair.source.domains()
    assert (domain.name, domain.state, domain.reason) == ("vm1", "running", "booted")
    assert (domain.memory_mib, domain.vcpus, domain.active) == (128, 1, True)
    assert pair.source.domain(vm) == domain
    live = parse_domain(pair.source.xml(vm))
    assert (live.uuid, live.name, live.memory_mib) == (vm, "vm1", 128)
    assert pair.target.domains() == ()


def test_domains_come_sorted(pair: Pair) -> None:
    for name in ("vm3", "vm1", "vm2"):
        pair.source.start(pair.guest(name))
    uuids = [domain.uuid for domain in pair.source.domains()]
    assert len(uuids) == 3
    assert uuids == sorted(uuids)


def test_starting_it_twice_is_refused(pair: Pair, vm: str) -> None:
    with pytest.raises(HypervisorRefused, match="already"):
        pair.source.start(pair.source.xml(vm))
    with pytest.raises(HypervisorRefused, match="already"):
        pair.source.start(pair.guest("vm1"))
    assert states(pair.source) == [("vm1", "running")]


def test_shutdown_asks_the_guest(pair: Pair, vm: str) -> None:
    pair.wait_booted("vm1")
    events = heard(pair.source)
    pair.source.shutdown(vm)
    pair.wait("it powers off", lambda: pair.source.domain(vm) is None)
    pair.wait("the event arrives", lambda: ("stopped", "shutdown") in events)


def test_resuming_what_runs_changes_nothing(pair: Pair, vm: str) -> None:
    pair.source.resume(vm)
    assert states(pair.source) == [("vm1", "running")]


def test_destroy_is_immediate_and_may_be_repeated(pair: Pair, vm: str) -> None:
    pair.source.destroy(vm)
    assert pair.source.domains() == ()
    pair.source.destroy(vm)


def test_what_is_not_there_is_refused(pair: Pair) -> None:
    calls: list[Callable[[], object]] = [
        lambda: pair.source.shutdown(NOBODY),
        lambda: pair.source.resume(NOBODY),
        lambda: pair.source.xml(NOBODY),
        lambda: pair.source.begin_migration(NOBODY, pair.order(), lambda: None),
    ]
    for call in calls:
        with pytest.raises(HypervisorRefused, match=NOBODY):
            call()
    assert pair.source.migration(NOBODY) is None


def test_events_tell_a_life(pair: Pair) -> None:
    events = heard(pair.source)
    pair.source.start(pair.guest("vm1"))
    pair.source.destroy(pair.source.domains()[0].uuid)
    pair.wait("both arrive", lambda: ("stopped", "destroyed") in events)
    assert ("started", "booted") in events


def test_a_migration_moves_the_domain(pair: Pair, vm: str) -> None:
    here, there = heard(pair.source), heard(pair.target)
    ended = threading.Event()
    pair.source.begin_migration(vm, pair.order(), ended.set)
    pair.wait("the bell rings", ended.is_set)
    migration = seen(pair.source, vm)
    assert (migration.state, migration.error) == ("succeeded", "")
    assert migration.progress.bytes_done == migration.progress.bytes_total > 0
    assert pair.source.domains() == ()
    assert states(pair.target) == [("vm1", "running")]
    pair.wait("the source tells", lambda: ("stopped", "migrated") in here)
    pair.wait("the target tells", lambda: ("resumed", "migrated") in there)
    pair.wait("the downtime is known", lambda: seen(pair.source, vm).progress.downtime_ms is not None)
    pair.source.forget_migration(vm)
    assert pair.source.migration(vm) is None


def test_there_and_back_again(pair: Pair, vm: str) -> None:
    for home, back in ((pair.source, False), (pair.target, True), (pair.source, False)):
        ended = threading.Event()
        home.begin_migration(vm, pair.order(back), ended.set)
        pair.wait("the bell rings", ended.is_set)
        assert seen(home, vm).state == "succeeded"
    assert states(pair.target) == [("vm1", "running")]


def test_a_migration_to_nowhere_fails_and_nothing_happened(pair: Pair, vm: str) -> None:
    ended = threading.Event()
    pair.source.begin_migration(vm, pair.order_to_nowhere(), ended.set)
    pair.wait("the bell rings", ended.is_set)
    migration = seen(pair.source, vm)
    assert migration.state == "failed"
    assert migration.error
    assert states(pair.source) == [("vm1", "running")]


def test_a_migration_to_a_hung_target_ends_in_time(pair: Pair, vm: str) -> None:
    pair.hang("hv2")
    began, ended = time.monotonic(), threading.Event()
    pair.source.begin_migration(vm, pair.order(), ended.set)
    pair.wait("the bell rings", ended.is_set)
    assert time.monotonic() - began < pair.keepalive_s + SLACK_S
    migration = seen(pair.source, vm)
    assert migration.state == "failed"
    assert "target cannot be reached" in migration.error
    assert states(pair.source) == [("vm1", "running")]
    pair.resume()
    pair.wait("it answers", lambda: answers(pair.target))
    assert states(pair.target) == []
    again = threading.Event()
    pair.source.begin_migration(vm, pair.order(), again.set)
    pair.wait("it succeeds", again.is_set)
    assert states(pair.target) == [("vm1", "running")]


def test_a_migration_under_way(pair: Pair, endless: str) -> None:
    begin(pair, endless)
    first = seen(pair.source, endless)
    assert first.state == "active"
    assert first.progress.bytes_total >= 128 * 1024 * 1024
    assert states(pair.target) == [("busy1", "paused")]
    assert pair.target.migration(endless) is None
    pair.wait(
        "bytes flow", lambda: seen(pair.source, endless).progress.bytes_done > first.progress.bytes_done
    )
    with pytest.raises(HypervisorRefused, match="already"):
        pair.source.begin_migration(endless, pair.order(), lambda: None)
    with pytest.raises(HypervisorRefused, match="busy"):
        pair.source.shutdown(endless)
    pair.source.forget_migration(endless)
    assert seen(pair.source, endless).state == "active"


def test_abort_leaves_it_here(pair: Pair, endless: str) -> None:
    ended = begin(pair, endless)
    pair.source.abort_migration(endless)
    pair.wait("the bell rings", ended.is_set)
    migration = seen(pair.source, endless)
    assert migration.state == "failed"
    assert "abort" in migration.error
    assert states(pair.source) == [("busy1", "running")]
    assert states(pair.target) == []
    pair.source.abort_migration(endless)


def test_an_abort_right_after_the_beginning_is_not_lost(pair: Pair, endless: str) -> None:
    ended = threading.Event()
    pair.source.begin_migration(endless, pair.order(slow=True), ended.set)
    pair.source.abort_migration(endless)
    pair.wait("it ends", lambda: seen(pair.source, endless).state != "active" and ended.is_set())
    assert seen(pair.source, endless).state == "failed"
    assert states(pair.source) == [("busy1", "running")]
    assert states(pair.target) == []


def test_abort_of_nothing_is_no_error(pair: Pair, vm: str) -> None:
    pair.source.abort_migration(vm)
    pair.source.abort_migration(NOBODY)
    assert states(pair.source) == [("vm1", "running")]


def test_a_failed_migration_may_be_tried_again(pair: Pair, vm: str) -> None:
    ended = threading.Event()
    pair.source.begin_migration(vm, pair.order_to_nowhere(), ended.set)
    pair.wait("it fails", ended.is_set)
    again = threading.Event()
    pair.source.begin_migration(vm, pair.order(), again.set)
    pair.wait("it succeeds", again.is_set)
    assert seen(pair.source, vm).state == "succeeded"


def test_destroying_a_migrating_domain_ends_both_copies(pair: Pair, endless: str) -> None:
    ended = begin(pair, endless)
    pair.source.destroy(endless)
    pair.wait("the bell rings", ended.is_set)
    assert seen(pair.source, endless).state == "failed"
    assert states(pair.source) == []
    pair.wait("the target is clean", lambda: states(pair.target) == [])


def test_a_migration_of_a_killed_process_is_adopted(pair: Pair, endless: str) -> None:
    pair.begin_and_die(endless)
    home = pair.another_process()
    assert seen(home, endless).state == "active"
    with pytest.raises(HypervisorRefused, match="already"):
        home.begin_migration(endless, pair.order(), lambda: None)
    home.abort_migration(endless)
    pair.wait("it is over", lambda: home.migration(endless) is None)
    assert states(home) == [("busy1", "running")]
    pair.wait("the target is clean", lambda: states(pair.target) == [])


def test_a_hung_hypervisor_is_named_in_time_and_recovers(pair: Pair, vm: str) -> None:
    calls: list[Callable[[], object]] = [
        pair.source.domains,
        pair.source.capacity,
        lambda: pair.source.domain(vm),
        lambda: pair.source.destroy(vm),
        lambda: pair.source.migration(vm),
        lambda: pair.source.abort_migration(vm),
        lambda: pair.source.begin_migration(vm, pair.order(), lambda: None),
    ]
    pair.hang()
    for call in calls:
        began = time.monotonic()
        with pytest.raises(HypervisorUnavailable):
            call()
        assert time.monotonic() - began < pair.keepalive_s + SLACK_S
    pair.resume()
    pair.wait("it answers", lambda: answers(pair.source))
    assert states(pair.source) == [("vm1", "running")]
    assert pair.target.domains() == ()


def test_a_process_that_meets_a_hung_hypervisor_first(pair: Pair, vm: str) -> None:
    pair.hang()
    home = pair.another_process()
    began = time.monotonic()
    with pytest.raises(HypervisorUnavailable):
        home.destroy(vm)
    assert time.monotonic() - began < pair.keepalive_s + SLACK_S
    pair.resume()
    pair.wait("it answers", lambda: answers(home))
    assert states(home) == [("vm1", "running")]


def test_a_hang_in_mid_migration_is_no_failure(pair: Pair, endless: str) -> None:
    begin(pair, endless)
    pair.hang()
    for _ in range(2):
        with pytest.raises(HypervisorUnavailable):
            pair.source.migration(endless)
    pair.resume()
    assert seen(pair.source, endless).state == "active"
    pair.source.abort_migration(endless)
    pair.wait("it is over", lambda: seen(pair.source, endless).state == "failed")
    assert states(pair.source) == [("busy1", "running")]


def test_a_restarted_libvirtd_ends_the_migration_not_the_guest(pair: Pair, endless: str) -> None:
    events = heard(pair.source)
    begin(pair, endless)
    pair.restart_libvirtd()
    pair.wait("it answers", lambda: answers(pair.source))
    pair.wait("the end is seen", lambda: seen(pair.source, endless).state == "failed")
    assert states(pair.source) == [("busy1", "running")]
    pair.wait("the target is clean", lambda: states(pair.target) == [])
    pair.wait("events arrive again", lambda: lives_and_dies(pair) and ("stopped", "destroyed") in events)


def lives_and_dies(pair: Pair) -> bool:
    pair.source.start(pair.guest("vm2"))
    (uuid,) = [domain.uuid for domain in pair.source.domains() if domain.name == "vm2"]
    pair.source.destroy(uuid)
    return True


def answers(home: Hypervisor) -> bool:
    try:
        home.domains()
    except HypervisorUnavailable:
        return False
    return True


FILE_DISK = """<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{file}'/>
<target dev='vdb' bus='virtio'/></disk>"""
NO_DISK = "<disk type='file'><source file='/nonexistent.img'/><target dev='vdc' bus='virtio'/></disk>"


@pytest.fixture
def image(tmp_path: Path) -> str:
    """A file that QEMU may open."""
    file = tmp_path / "disk.img"
    file.write_bytes(bytes(1 << 20))
    return str(file)


def disks(home: Hypervisor, uuid: str) -> list[str | None]:
    return [volume.disk_id for volume in parse_hardware(home.xml(uuid)).volumes]


def test_a_device_comes_and_goes_while_the_guest_runs(pair: Pair, vm: str, image: str) -> None:
    pair.wait_booted("vm1")
    pair.source.attach(vm, FILE_DISK.format(file=image))
    assert disks(pair.source, vm) == ["vdb"]
    with pytest.raises(HypervisorRefused):
        pair.source.attach(vm, FILE_DISK.format(file=image))
    pair.source.resize_disk(vm, "vdb", 8 << 20)
    with pytest.raises(HypervisorRefused):
        pair.source.resize_disk(vm, "vdz", 8 << 20)
    device = load_device(pair.source.xml(vm), "disk", ["vdb"])
    pair.source.detach(vm, device)
    pair.wait("the guest gives it up", lambda: disks(pair.source, vm) == [])
    pair.source.detach(vm, device)
    assert states(pair.source) == [("vm1", "running")]


def test_the_size_of_a_guest_stays_within_what_it_was_started_with(pair: Pair) -> None:
    xml = with_vcpus(pair.guest("vm1"), 1, 2)
    pair.source.start(xml)
    uuid = pair.source.domains()[0].uuid
    pair.wait_booted("vm1")
    pair.source.set_vcpus(uuid, 2)
    domain = pair.source.domain(uuid)
    assert domain is not None and domain.vcpus == 2
    assert parse_hardware(pair.source.xml(uuid)).vcpus.vcpus == 2
    pair.source.set_memory(uuid, 127)
    for beyond in (lambda: pair.source.set_vcpus(uuid, 3), lambda: pair.source.set_memory(uuid, 4096)):
        with pytest.raises(HypervisorRefused):
            beyond()
    assert parse_hardware(pair.source.xml(uuid)).memory.memory_mib == 128


def test_nothing_is_changed_of_a_guest_that_is_not_there(pair: Pair) -> None:
    for change in (
        lambda: pair.source.attach(NOBODY, NO_DISK),
        lambda: pair.source.detach(NOBODY, NO_DISK),
        lambda: pair.source.set_vcpus(NOBODY, 1),
        lambda: pair.source.set_memory(NOBODY, 64),
        lambda: pair.source.resize_disk(NOBODY, "vda", 1 << 20),
    ):
        with pytest.raises(HypervisorRefused):
            change()


def test_wider_limits_let_a_migration_under_way_through(pair: Pair, endless: str) -> None:
    ended = begin(pair, endless)
    pair.source.limit_migration(endless, max_downtime_ms=20_000)
    assert seen(pair.source, endless).state == "active"
    pair.source.limit_migration(endless, bandwidth_mib_s=0)
    pair.wait("it ends", ended.is_set)
    assert seen(pair.source, endless).state == "succeeded"
    assert (states(pair.source), states(pair.target)) == ([], [("busy1", "running")])


def test_post_copy_finishes_what_does_not_converge(pair: Pair, endless: str) -> None:
    ended = threading.Event()
    pair.source.begin_migration(endless, pair.order(slow=True, post_copy=True), ended.set)
    pair.wait("bytes flow", lambda: seen(pair.source, endless).progress.bytes_done)
    assert seen(pair.source, endless).progress.phase == "copying"
    pair.source.switch_to_post_copy(endless)
    pair.wait("it ends", ended.is_set)
    assert seen(pair.source, endless).state == "succeeded"
    assert (states(pair.source), states(pair.target)) == ([], [("busy1", "running")])


def test_post_copy_that_was_not_ordered_is_refused(pair: Pair, endless: str) -> None:
    begin(pair, endless)
    with pytest.raises(HypervisorRefused):
        pair.source.switch_to_post_copy(endless)
    assert seen(pair.source, endless).state == "active"
    pair.source.abort_migration(endless)


def test_without_a_migration_there_is_nothing_to_limit_or_finish(pair: Pair, vm: str) -> None:
    with pytest.raises(HypervisorRefused):
        pair.source.switch_to_post_copy(vm)
    assert states(pair.source) == [("vm1", "running")]
