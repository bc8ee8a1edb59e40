"""A pretend hypervisor node: its power, its cable, its libvirtd and its two processes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from pvc_core.config import Config
from pvc_drivers.hypervisor.fake import FakeHypervisor
from pvc_sim.part import AgentPart, Door, NodeClock, Part, Surroundings, WorkerPart
from pvc_sim.process import Life, Process

PartName = Literal["agent", "worker"]
PARTS: tuple[PartName, ...] = ("agent", "worker")
BOOT_S = 5.0
RESTART_S = 0.5
"""How long the supervisor takes to start a process that died."""

KINDS: dict[PartName, type[AgentPart] | type[WorkerPart]] = {"agent": AgentPart, "worker": WorkerPart}


class Machine:
    def __init__(
        self,
        around: Surroundings,
        name: str,
        config: Config,
        fake: FakeHypervisor,
        forget: Callable[[Door, Callable[[], bool]], None],
    ) -> None:
        self.around, self.name, self.config, self.fake = around, name, config, fake
        self._forget = forget
        self.clock = NodeClock(around.kernel)
        self.parts: dict[PartName, Part] = {}
        self.powered, self.booted, self.cut = True, True, False
        self._cuts = 0

    def start(self, part: PartName) -> None:
        """Nothing to do when it runs, or has no power to run on."""
        if part in self.parts or not self.powered:
            return
        made = KINDS[part](self.around, self.name, self.config, self.clock, self.fake)
        self.parts[part] = made
        if self.cut:
            made.home.lose_connection()
        made.start()

    def kill(self, part: PartName) -> None:
        """As by SIGKILL; its session is left to its timeout."""
        dead = self.parts.pop(part, None)
        if dead is None:
            return
        dead.process.kill()
        dead.leave()
        dead.home.lose_connection()
        self._forget(dead, lambda: True)
        for other in self.parts.values():
            other.hypervisor.listen()

    def find(self, process: Process) -> PartName | None:
        return next((part for part, made in self.parts.items() if made.process is process), None)

    def crash(self, part: PartName) -> None:
        """It dies, and the supervisor starts it again."""
        self.kill(part)
        self.around.kernel.after(RESTART_S, partial(self.start, part))

    def stop(self, part: PartName) -> None:
        """As by SIGSTOP: its session ends if it stands still for too long."""
        if (made := self.parts.get(part)) is not None and made.process.life is Life.RUNNING:
            made.process.stop()
            since = made.process.stopped_at
            self._forget(made, lambda: made.process.life is Life.STOPPED and made.process.stopped_at == since)

    def cont(self, part: PartName) -> None:
        if part in self.parts:
            self.parts[part].process.cont()

    def power_off(self) -> None:
        self.around.witness.excuse(self.name)
        self.powered = self.booted = False
        for part in list(self.parts):
            self.kill(part)
        self.fake.fleet.power_off(self.name)

    def power_on(self) -> None:
        if not self.powered:
            self.powered = True
            self.fake.fleet.power_on(self.name)
            self.around.kernel.after(BOOT_S, self._boot)

    def _boot(self) -> None:
        self.booted = self.powered
        for part in PARTS:
            self.start(part)

    def cut_net(self) -> None:
        self.cut = True
        self._cuts += 1
        cuts = self._cuts
        self.around.broker.cut.add(self.name)
        self.fake.fleet.cut(self.name)
        for made in self.parts.values():
            made.home.lose_connection()
            self._forget(made, lambda: self.cut and self._cuts == cuts)

    def heal_net(self) -> None:
        self.cut = False
        self.around.broker.cut.discard(self.name)
        self.around.broker.flow()
        self.fake.fleet.heal(self.name)
        for made in self.parts.values():
            made.home.connect()

    @property
    def whole(self) -> bool:
        """Nothing is wrong with it."""
        running = all(part in self.parts and self.parts[part].process.life is Life.RUNNING for part in PARTS)
        return self.powered and not self.cut and not self.fake.hung and running
