"""Two ways to have a pair of hypervisors and to move time: a fake fleet, and a real lab."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Protocol

from pvc_drivers.hypervisor.fake import FakeFleet
from pvc_drivers.hypervisor.libvirt_home import LibvirtHypervisor
from pvc_drivers.hypervisor.port import Hypervisor, MigrationOrder

PROGRAMS = Path(sys.executable).parent
# One per test run: two runs at a time must not take each other's lab down.
LAB = Path(f"/tmp/pvc-lab-hypervisor-{os.getpid()}")
FAKE_XML = "<domain type='qemu'><name>{name}</name><memory unit='MiB'>128</memory></domain>"
BEGIN_AND_HANG = """
import sys, threading
from pvc_drivers.hypervisor.libvirt_home import LibvirtHypervisor
from pvc_drivers.hypervisor.port import MigrationOrder
uri, uuid, target_uri, target_address = sys.argv[1:]
home = LibvirtHypervisor(uri, 5)
home.begin_migration(uuid, MigrationOrder(target_uri, target_address, 300, 8), lambda: None)
print("begun", flush=True)
threading.Event().wait()
"""


class Pair(Protocol):
    """Two hypervisors, both empty, and what surrounds them."""

    source: Hypervisor
    target: Hypervisor
    keepalive_s: float

    def guest(self, name: str, endless: bool = False) -> str:
        """XML; migrating an `endless` guest does not end within the test."""

    def order(self, back: bool = False, slow: bool = False, post_copy: bool = False) -> MigrationOrder: ...
    def order_to_nowhere(self) -> MigrationOrder: ...
    def wait(self, what: str, look: Callable[[], object]) -> None: ...
    def wait_booted(self, name: str) -> None: ...
    def hang(self, node: str = "hv1") -> None:
        """A libvirtd stops answering, by default the source's."""

    def resume(self) -> None: ...
    def restart_libvirtd(self) -> None: ...
    def another_process(self) -> Hypervisor:
        """The source as seen by a process that began nothing."""

    def begin_and_die(self, uuid: str) -> None:
        """A process begins a migration to the target and is killed."""

    def close(self) -> None: ...


class FakePair:
    """Time passes when a test waits."""

    keepalive_s = 5.0

    def __init__(self) -> None:
        self._now = 1000.0
        self._fleet = FakeFleet(self)
        self.source: Hypervisor = self._fleet.add("hv1", "10.0.0.1")
        self.target: Hypervisor = self._fleet.add("hv2", "10.0.0.2")

    def now(self) -> float:
        return self._now

    def guest(self, name: str, endless: bool = False) -> str:
        if endless:
            self._fleet.faults.busy_guests[name] = 1e6
        return FAKE_XML.format(name=name)

    def order(self, back: bool = False, slow: bool = False, post_copy: bool = False) -> MigrationOrder:
        address = "10.0.0.1" if back else "10.0.0.2"
        uri, speed = f"qemu+tcp://{address}/system", 8 if slow else None
        return MigrationOrder(uri, address, 300, speed, post_copy=post_copy)

    def order_to_nowhere(self) -> MigrationOrder:
        return MigrationOrder("qemu+tcp://10.0.0.99/system", "10.0.0.99", 300)

    def wait(self, what: str, look: Callable[[], object]) -> None:
        for _ in range(100):
            self._fleet.settle()
            if look():
                return
            self._now += 0.25
        raise AssertionError(f"{what}: not within 25 s")

    def wait_booted(self, name: str) -> None:
        self._now += 3

    def hang(self, node: str = "hv1") -> None:
        self._fleet.hang(node)

    def resume(self) -> None:
        for node in ("hv1", "hv2"):
            self._fleet.resume(node)

    def restart_libvirtd(self) -> None:
        self._fleet.restart_libvirtd("hv1")

    def another_process(self) -> Hypervisor:
        self._fleet.kill_process("hv1")
        return self.source

    def begin_and_die(self, uuid: str) -> None:
        self.source.begin_migration(uuid, self.order(), lambda: None)
        self._fleet.kill_process("hv1")

    def close(self) -> None:
        assert self._fleet.next_event_at() != inf


def lab(*arguments: str) -> str:
    """Run pvc-lab on the tests' own lab."""
    command = [str(PROGRAMS / "pvc-lab"), "--dir", str(LAB), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def lab_addresses() -> list[str]:
    """Of hv1 and hv2, as `pvc-lab status` prints them."""
    lines = [line.split() for line in lab("status").splitlines() if line.startswith("hv") and ": on" in line]
    return [words[1].rstrip(":") for words in lines]


class LabPair:
    """Real libvirtds in the namespaces of a lab; the clock is everybody's."""

    keepalive_s = 5.0

    def __init__(self) -> None:
        self._source_address, self._target_address = lab_addresses()
        self._homes: list[LibvirtHypervisor] = []
        self.source: Hypervisor = self._open(self._source_address)
        self.target: Hypervisor = self._open(self._target_address)

    def guest(self, name: str, endless: bool = False) -> str:
        return lab("guest", name, *(["--busy", "20"] if endless else []))

    def order(self, back: bool = False, slow: bool = False, post_copy: bool = False) -> MigrationOrder:
        address = self._source_address if back else self._target_address
        speed = 8 if slow else None
        return MigrationOrder(_uri(address), address, 300, speed, auto_converge=True, post_copy=post_copy)

    def order_to_nowhere(self) -> MigrationOrder:
        return MigrationOrder("qemu+tcp://127.0.0.1:9/system", "127.0.0.1", 300)

    def wait(self, what: str, look: Callable[[], object]) -> None:
        deadline = time.monotonic() + 40
        while not look():
            assert time.monotonic() < deadline, f"{what}: not within 40 s"
            time.sleep(0.02)

    def wait_booted(self, name: str) -> None:
        """It listens to ACPI before it prints its first tick."""
        log = LAB / "nodes" / "hv1" / "log" / "libvirt" / f"{name}.log"
        self.wait(f"{name} boots", lambda: log.exists() and "tick" in log.read_text(errors="replace"))

    def hang(self, node: str = "hv1") -> None:
        lab("stop", f"{node}/libvirtd")

    def resume(self) -> None:
        for node in ("hv1", "hv2"):
            lab("cont", f"{node}/libvirtd")

    def restart_libvirtd(self) -> None:
        lab("kill", "hv1/libvirtd")
        lab("start", "hv1/libvirtd")

    def another_process(self) -> Hypervisor:
        return self._open(self._source_address)

    def begin_and_die(self, uuid: str) -> None:
        uris = [_uri(self._source_address), uuid, _uri(self._target_address), self._target_address]
        with subprocess.Popen(
            [sys.executable, "-c", BEGIN_AND_HANG, *uris], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "begun\n"
                self.wait("the migration begins", lambda: self.source.migration(uuid))
            finally:
                process.kill()

    def empty(self) -> None:
        """No guest, and none of their logs."""
        for node, home in (("hv1", self.source), ("hv2", self.target)):
            for domain in home.domains():
                home.destroy(domain.uuid)
            for log in (LAB / "nodes" / node / "log" / "libvirt").glob("*.log"):
                log.unlink()

    def close(self) -> None:
        self.resume()
        self.empty()
        for home in self._homes:
            home.close()

    def _open(self, address: str) -> LibvirtHypervisor:
        home = LibvirtHypervisor(_uri(address), self.keepalive_s)
        self._homes.append(home)
        return home


def _uri(address: str) -> str:
    return f"qemu+tcp://{address}/system"
