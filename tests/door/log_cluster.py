"""A cluster whose nodes follow logs: the files are in memory, and written by the tests."""

from __future__ import annotations

from cluster import DoorCluster, make_config

from pvc_core.model.log import LogView
from pvc_core.model.node import Domain
from pvc_core.store import tree
from pvc_core.store.cache import CachingHome
from pvc_core.store.memory import MemoryHome
from pvc_drivers.logs.fake import FakeLogFiles
from pvc_worker.follow.follower import LogFollower
from pvc_worker.follow.sources import Sources
from pvc_worker.logs import log_file

CONSOLES = "/var/log/libvirt"


class LogCluster:
    def __init__(self, cluster: DoorCluster) -> None:
        self.cluster = cluster
        self.files = {name: FakeLogFiles() for name in cluster.names}
        self.own = {name: FakeLogFiles() for name in cluster.names}
        self.followers: dict[str, LogFollower] = {}
        self.paused: set[str] = set()
        """Nodes whose agents look at no log."""
        for name in cluster.names:
            self.start(name)

    def start(self, name: str) -> None:
        config = make_config(self.cluster.tmp, name, **self.cluster.sections)
        assert config.node is not None
        world, hypervisor = self.cluster.world(config), self.cluster.fleet.node(name)
        sources = Sources(world.store, config, config.node, hypervisor, self.files[name], self.own[name])
        reporter = self.cluster.agents[name].reporter

        def domains() -> tuple[Domain, ...] | None:
            return None if name in self.paused else reporter.domains()

        self.followers[name] = LogFollower(world, config.node, sources, domains)
        self.followers[name].start()

    def kill(self, name: str) -> None:
        """What it has read and not kept is gone with it."""
        follower = self.followers.pop(name)
        home = follower._world.store.home
        assert isinstance(home, CachingHome) and isinstance(home.below, MemoryHome)
        home.below.expire()
        follower.stop()

    def stop(self) -> None:
        for follower in self.followers.values():
            follower.stop()

    def say(self, node: str, vm: str, text: str | bytes) -> None:
        """What the guest prints there."""
        data = text.encode() if isinstance(text, str) else text
        self.files[node].write(f"{CONSOLES}/{vm}.log", data)

    def log(self, node: str, text: str) -> None:
        """What its worker writes."""
        self.own[node].write(str(log_file(self.cluster.config.logs.directory)), text.encode())

    def read(
        self, vm: str, after: int | None = None, wait_s: float = 0.0, lines: int | None = None
    ) -> LogView:
        return self.cluster.service.vm_log(vm, after, lines, wait_s)

    def await_lines(self, vm: str, *expected: str) -> LogView:
        self.cluster.await_true(
            lambda: self.read(vm).lines == expected, f"the console of {vm} shows {expected}"
        )
        return self.read(vm)

    def documents(self, vm: str) -> list[str]:
        """All there is in the tree of its console."""
        path = tree.log_head(tree.vm_log_key(vm)).path
        home = self.cluster.service.store.home
        return [path for raw in home.read([path]) if raw] + list(home.children([path])[0] or ())
