"""The agent process: it says that the node lives, and what the node runs; it executes no jobs.

Its rounds are threads of their own, so that a libvirtd that hangs delays no heartbeat.
"""

from __future__ import annotations

from secrets import token_hex
from threading import Event

from pvc_core.config import Config, NodeSection
from pvc_core.store import tree
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_drivers.logs.files import RealLogFiles
from pvc_tasks.connect import build_world
from pvc_tasks.world import World
from pvc_worker.caretaker import Caretaker
from pvc_worker.follow.follower import LogFollower
from pvc_worker.follow.sources import Domains, Sources
from pvc_worker.hypervisor import make_hypervisor
from pvc_worker.presence import Presence
from pvc_worker.registration import register_node
from pvc_worker.reporter import Reporter
from pvc_worker.rescuer import RESCUE_INTERVAL_S, Rescuer
from pvc_worker.storage_client import CLIENT_INTERVAL_S, StorageClient
from pvc_worker.threads import Drive, Threads

HEARTBEAT_S = 1.0
"""How often the mark is looked at; ZooKeeper's own heartbeats keep it alive in between."""

CARE_INTERVAL_S = 10.0


class Agent:
    """Wires what is done again and again to what drives it."""

    def __init__(
        self, world: World, node: NodeSection, hypervisor: Hypervisor, drive: Drive | None = None
    ) -> None:
        drive = drive or Threads()
        self.world, self.node = world, node
        self.known = Event()
        incarnation = token_hex(6)
        self.presence = Presence(world, tree.node_alive(node.name), "agent", incarnation)
        storage = StorageClient(world.blocks)
        self.reporter = Reporter(world, node.name, hypervisor, incarnation, drive, storage)
        self.caretaker = Caretaker(world)
        self.rounds = [
            drive.round("heartbeat", self._heartbeat, HEARTBEAT_S),
            drive.round("report", self._report, world.config.worker.report_interval_s),
        ]
        if node.coordinator:
            self.rounds.append(drive.round("care", self.caretaker.take_care, CARE_INTERVAL_S))
        if world.config.subsystems.storage:
            rescuer = Rescuer(world, node.name, hypervisor)
            self.rounds.append(drive.round("rescue", rescuer.look, RESCUE_INTERVAL_S))
            self.rounds.append(drive.round("storage", storage.look, CLIENT_INTERVAL_S))
        hypervisor.on_event(self.reporter.heard)
        hypervisor.on_event(lambda event: self.rounds[1].poke())
        world.store.home.on_session_change(self.poke)

    def start(self) -> None:
        for each in self.rounds:
            each.start()

    def poke(self) -> None:
        for each in self.rounds:
            each.poke()

    def stop(self) -> None:
        for each in self.rounds:
            each.stop()
        self.world.store.home.close()

    def _heartbeat(self) -> None:
        # Once in any case: its addresses may have been changed in the configuration since it was last here.
        if not self.known.is_set() or not self.presence.uphold():
            register_node(self.world, self.node)
            self.presence.uphold()
        if not self.known.is_set():
            self.known.set()
            self.poke()

    def _report(self) -> None:
        """A node that is not registered yet has nowhere to report to."""
        if self.known.is_set():
            self.reporter.report()


def follow_logs(world: World, node: NodeSection, hypervisor: Hypervisor, domains: Domains) -> LogFollower:
    """Of the files where the configuration says they may be."""
    console, logs = world.config.console, world.config.logs
    consoles, own = RealLogFiles([console.directory, *console.also]), RealLogFiles([logs.directory])
    sources = Sources(world.store, world.config, node, hypervisor, consoles, own)
    return LogFollower(world, node, sources, domains)


def run_agent(config: Config, node: NodeSection, stop: Event) -> int:
    """Until `stop` is set; the exit code."""
    hypervisor, world = make_hypervisor(config), build_world(config)
    agent = Agent(world, node, hypervisor)
    follower = follow_logs(world, node, hypervisor, agent.reporter.domains)
    agent.start()
    follower.start()
    stop.wait()
    follower.stop()
    agent.stop()
    return 0
