"""Guests that are nothing but what they print, and an agent's own loop that follows them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

from pvc_core.config import Config, ConsoleSection, NodeSection, read_secret
from pvc_core.decide.turns import Stay, Turn
from pvc_core.model.node import Domain
from pvc_core.store import tree
from pvc_core.store.cache import RememberingStore
from pvc_core.store.limits import weight
from pvc_core.store.port import Op
from pvc_core.store.zookeeper import ZookeeperHome
from pvc_drivers.hypervisor.off import NoHypervisor
from pvc_drivers.logs.files import RealLogFiles
from pvc_tasks.connect import build_world
from pvc_worker.follow.follower import LogFollower
from pvc_worker.follow.log import Log, Source
from pvc_worker.follow.sources import Sources
from pvc_worker.follow.turns import Found, Turns

TURN_S = 0.25
LINE = 64


class Chatter:
    """Writes lines to all files at so many bytes a second each."""

    def __init__(self, files: Sequence[Path], bytes_per_s: int) -> None:
        self._files = [path.open("ab", buffering=0) for path in files]
        self._lines = max(1, int(bytes_per_s * TURN_S / LINE))
        self._stop = Event()
        self._thread = Thread(target=self._talk, daemon=True)
        self.printed = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for file in self._files:
            file.close()

    def _talk(self) -> None:
        begun, turn = time.monotonic(), 0
        while not self._stop.wait(max(0.0, begun + turn * TURN_S - time.monotonic())):
            turn += 1
            line = f"[{turn:12}] the quick brown fox jumps over the lazy dog".ljust(LINE - 1, ".") + "\n"
            for file in self._files:
                file.write(line.encode() * self._lines)
                self.printed += LINE * self._lines


class CountingHome:
    """A home below which commits are counted."""

    def __init__(self, home: ZookeeperHome) -> None:
        self._home = home
        self.commits = self.bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home, name)

    def commit(self, ops: Sequence[Op]) -> None:
        self._home.commit(ops)
        self.commits += 1
        self.bytes += sum(map(weight, ops))


class ConsolesOnly(Sources):
    def own_log(self) -> Source | None:
        """There is none: the node does not exist."""
        return None


class AllHere(Turns):
    """Every domain is this node's, whatever its record says."""

    def look(self, active: Collection[str], logs: Mapping[str, Log]) -> list[Found]:
        vms = self._store.load_present([tree.vm_spec(uuid) for uuid in sorted(active)])
        turn = Turn("follow", Stay(0, self._node))
        return [Found(vm, head, turn) for vm, head in zip(vms, self._heads(vms, logs), strict=True)]


class PretendAgent:
    """Follows the consoles of these domains, said to run on a node that does not exist."""

    def __init__(self, config: Config, directory: Path, domains: tuple[Domain, ...]) -> None:
        config = config.model_copy(update={"console": ConsoleSection(directory=directory)})
        self.home = CountingHome(ZookeeperHome(config.zookeeper, read_secret(config.zookeeper.password_file)))
        world = replace(build_world(config), store=RememberingStore(self.home))
        node, files = NodeSection(name="bench", address="nowhere"), RealLogFiles([directory])
        sources = ConsolesOnly(world.store, config, node, NoHypervisor(), files, files)
        turns = AllHere(world.store, node.name)
        self.follower = LogFollower(world, node, sources, lambda: domains, turns=turns)
        self._store, self._domains = world.store, domains

    def start(self) -> None:
        self.follower.start()

    def has_kept_all(self) -> bool:
        """Something of each log."""
        heads = [tree.log_head(tree.vm_log_key(domain.uuid)) for domain in self._domains]
        return len(self._store.load_present(heads)) == len(heads)

    def stop(self) -> None:
        self.follower.stop()
        self.home.close()
