"""What can go wrong in a pretend cluster, and how it is put right."""

from __future__ import annotations

from collections.abc import Callable

from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import BY_NAME
from pvc_drivers.hypervisor.fake import FakeHypervisor
from pvc_sim.cluster import SimCluster
from pvc_sim.machine import PARTS, Machine, PartName
from pvc_sim.process import Process
from pvc_sim.witness import CrashPoint


class Faults:
    """One method for each verb; what it takes are the words that follow."""

    def __init__(self, cluster: SimCluster) -> None:
        self.cluster = cluster

    def power(self, way: str, node: str) -> None:
        machine = self._machine(node)
        machine.power_off() if way == "off" else machine.power_on()

    def net(self, way: str, node: str) -> None:
        machine = self._machine(node)
        machine.cut_net() if way == "cut" else machine.heal_net()

    def kill(self, part: str) -> None:
        machine, name = self._part(part)
        machine.kill(name)

    def start(self, part: str) -> None:
        machine, name = self._part(part)
        machine.start(name)

    def stop(self, part: str) -> None:
        machine, name = self._part(part)
        machine.stop(name)

    def cont(self, part: str) -> None:
        machine, name = self._part(part)
        machine.cont(name)

    def expire(self, part: str) -> None:
        machine, name = self._part(part)
        if name in machine.parts:
            machine.parts[name].home.expire()

    def libvirt(self, way: str, node: str) -> None:
        fleet, name = self.cluster.fleet, self._machine(node).name
        {"hang": fleet.hang, "kill": fleet.restart_libvirtd, "heal": fleet.resume}[way](name)

    def fail_migrations(self, vm: str, times: str = "1") -> None:
        self.cluster.fleet.faults.fail_migrations[vm] = int(times)

    def slow_migrations(self, vm: str, seconds: str) -> None:
        self.cluster.fleet.faults.slow_migrations[vm] = float(seconds)

    def make_busy(self, vm: str, mib_s: str) -> None:
        self.cluster.fleet.faults.busy_guests[vm] = float(mib_s)

    def crash_guest(self, vm: str) -> None:
        """Its QEMU process dies; nothing happens to a guest that does not run."""
        for node, uuid in self._running(vm):
            self.cluster.witness.excuse_guest(uuid)
            node.remove(uuid, "failed")

    def pause_guest(self, vm: str) -> None:
        """As after an I/O error; it can be resumed."""
        for node, uuid in self._running(vm):
            node.pause(uuid)

    def _running(self, vm: str) -> list[tuple[FakeHypervisor, str]]:
        fleet = self.cluster.fleet
        with fleet.lock:
            fleet.catch_up()
            return [
                (node, uuid)
                for node in fleet.nodes()
                for uuid, guest in node.guests.items()
                if guest.domain.name == vm and guest.domain.state == "running"
            ]

    def deafen(self, vm: str) -> None:
        self.cluster.fleet.faults.deaf_guests.add(vm)

    def refuse_starts(self, vm: str, times: str = "1") -> None:
        self.cluster.fleet.faults.refuse_starts[vm] = int(times)

    def redis(self, way: str, chance: str = "") -> None:
        broker = self.cluster.broker
        match way:
            case "down":
                broker.up = False
                broker.wipe()
            case "wipe":
                broker.wipe()
            case "freeze":
                broker.frozen = True
            case "duplicate":
                broker.doubling = True
            case "drop":
                broker.drop_chance = float(chance)
            case _:
                broker.heal()

    def zookeeper(self, way: str) -> None:
        self.cluster.zookeeper_down() if way == "down" else self.cluster.zookeeper_back()

    def answer_lost(self, part: str) -> None:
        """The next commit of a process is made, and it is not told so."""
        if part == "api":
            self.cluster.api.home.lose_answer()
            return
        machine, name = self._part(part)
        if name in machine.parts:
            machine.parts[name].home.lose_answer()

    def clock(self, node: str, seconds: str) -> None:
        self._machine(node).clock.ahead_s = float(seconds)

    def crash(self, step: str, operation: str) -> None:
        self._strike(step, operation, Machine.crash)

    def freeze(self, step: str, operation: str) -> None:
        self._strike(step, operation, Machine.stop)

    def freeze_agent(self, node: str) -> None:
        """Between its look at the node and what it makes of it."""
        machine = self._machine(node)
        self.cluster.witness.report_points[node] = lambda process: machine.stop("agent")

    def _strike(self, step: str, operation: str, blow: Callable[[Machine, PartName], None]) -> None:
        name = operation.replace(" ", ".")
        if name not in BY_NAME:
            raise InvalidRequest(f"there is no kind of task {operation!r}")

        def strike(process: Process) -> None:
            for machine in self.cluster.machines.values():
                if (part := machine.find(process)) is not None:
                    blow(machine, part)

        self.cluster.witness.crash_points.append(CrashPoint(int(step), name, strike))

    def heal_all(self) -> None:
        """As good as new, but for clocks that go wrong and guests that do not hear."""
        cluster = self.cluster
        cluster.witness.crash_points.clear()
        cluster.fleet.faults.fail_migrations.clear()
        cluster.fleet.faults.slow_migrations.clear()
        cluster.fleet.faults.busy_guests.clear()
        cluster.fleet.faults.refuse_starts.clear()
        cluster.broker.heal()
        if not cluster.zookeeper_up:
            cluster.zookeeper_back()
        for machine in cluster.machines.values():
            self._heal(machine)

    def _heal(self, machine: Machine) -> None:
        machine.power_on()
        if machine.cut:
            machine.heal_net()
        self.cluster.fleet.resume(machine.name)
        for part in PARTS:
            machine.cont(part)
            if machine.booted:
                machine.start(part)

    def _machine(self, node: str) -> Machine:
        machine = self.cluster.machines.get(node)
        if machine is None:
            raise InvalidRequest(f"there is no node {node} in given.yaml")
        return machine

    def _part(self, text: str) -> tuple[Machine, PartName]:
        node, _, name = text.partition("/")
        for part in PARTS:
            if part == name:
                return self._machine(node), part
        raise InvalidRequest(f"{text}: write NODE/worker or NODE/agent")
