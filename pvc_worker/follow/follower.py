"""Follows the logs of a node: looks at each every half second, and keeps what is new in few commits.

A log that somebody reads is kept at once, any other every `console.lazy_s`, each at a time of its own. Runs
on a thread of its own, so that no file and no store can delay a heartbeat.
"""

from __future__ import annotations

import time
from binascii import crc32
from collections.abc import Collection, Mapping
from contextlib import suppress

from pvc_core.config import NodeSection
from pvc_core.decide.turns import Stay, Turn
from pvc_core.errors import StoreExists
from pvc_core.model.log import LogHead
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.port import Create
from pvc_tasks.world import World
from pvc_worker.follow.keeper import keep_logs
from pvc_worker.follow.log import Log, Source
from pvc_worker.follow.marks import Marks
from pvc_worker.follow.sources import Domains, Sources
from pvc_worker.follow.turns import Found, Turns
from pvc_worker.threads import Drive, Threads

LOOK_S = 0.5
ROUND_BYTES = 32 * 1024 * 1024
"""Read in one look, of all logs together; what is left is read in the next."""


class LogFollower:
    def __init__(
        self,
        world: World,
        node: NodeSection,
        sources: Sources,
        domains: Domains,
        drive: Drive | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._world, self._node, self._sources, self._domains = world, node.name, sources, domains
        self._round = (drive or Threads()).round("logs", self.look, LOOK_S)
        self._marks = Marks(world.store, self._round.poke)
        self._turns = turns or Turns(world.store, node.name)
        self._logs: dict[str, Log] = {}
        self._found: dict[str, Found] = {}
        self._rooted = False

    def start(self) -> None:
        self._round.start()

    def poke(self) -> None:
        self._round.poke()

    def stop(self) -> None:
        self._round.stop()

    def look(self) -> None:
        """Raises PvcError; what could not be kept is read again."""
        domains = self._domains()
        if domains is None:
            return
        if not self._rooted:
            self._make_roots()
        followed = self._marks.followed()
        self._open_own()
        active = {domain.uuid for domain in domains if domain.active}
        self._take_turns(self._turns.look(active, self._logs), active)
        self._read()
        self._keep(followed)

    def _make_roots(self) -> None:
        """In a cluster that was initialised before logs were followed."""
        if self._world.store.home.children([tree.LOGS])[0] is None:
            for root in (tree.LOGS, tree.FOLLOWED):
                with suppress(StoreExists):
                    self._world.store.commit(Create(root))
        self._rooted = True

    def _open_own(self) -> None:
        source = self._sources.own_log()
        if source is not None and source.key not in self._logs:
            head = self._world.store.find(tree.log_head(source.key))
            self._logs[source.key] = self._made(source, head, Turn("follow", Stay(0, self._node)))

    def _take_turns(self, found: list[Found], active: Collection[str]) -> None:
        """What is not ours by now, or has no record any more, is forgotten."""
        self._found = {one.key: one for one in found if one.turn.do not in ("nothing", "wait")}
        own = tree.node_log_key(self._node)
        self._logs = {key: each for key, each in self._logs.items() if key in self._found or key == own}
        for one in self._found.values():
            self._go_on(self._opened(one, active), one, one.vm.value.uuid in active)

    def _opened(self, found: Found, active: Collection[str]) -> Log:
        known = self._logs.get(found.key)
        if known is not None and known.late == (found.turn.do == "late"):
            return known
        made = self._made(self._sources.console_of(found.vm.value, found.turn.stay), found.head, found.turn)
        made.active = found.vm.value.uuid in active
        self._logs[found.key] = made
        return made

    def _go_on(self, each: Log, found: Found, here: bool) -> None:
        """Where a domain writes is looked up when it begins to run."""
        vm = found.vm.value
        begins, ended = here and not each.active, each.active and not here
        each.source = self._sources.console_of(vm, found.turn.stay, None if begins else each.source.path)
        each.turn, each.active = found.turn, here
        each.dead = each.dead or (ended and found.turn.do == "follow" and vm.moving_to is None)

    def _made(self, source: Source, head: Seen[LogHead] | None, turn: Turn) -> Log:
        """Kept for the first time at a moment of its own, so that two hundred do not come at once."""
        moment = crc32(source.key.encode()) % 1000 / 1000 * self._world.config.console.lazy_s
        made = Log(source, self._node, head, time.monotonic() + moment, turn)
        if head is not None and head.value.pieces and turn.do != "late":
            made.last = self._world.store.find(tree.log_segment(source.key, head.value.pieces[-1][0]))
        return made

    def _read(self) -> None:
        """Those first for which others wait."""
        total = 0
        for each in sorted(self._logs.values(), key=lambda each: each.turn.do == "follow"):
            each.behind = total >= ROUND_BYTES
            total += 0 if each.behind else each.read()
            each.end_if_dead()

    def _keep(self, followed: Mapping[str, str]) -> None:
        now = time.monotonic()
        ends = [each for each in self._logs.values() if each.ends]
        lost = keep_logs(self._world.store, self._due(followed, now), followed, ends)
        for each in lost:
            self._logs.pop(each.key, None)
        for each in [each for each in self._logs.values() if each.closed]:
            self._close(each)
        for each in self._logs.values():
            if not each.changed and each.due <= now:
                each.due = now + self._world.config.console.lazy_s

    def _close(self, each: Log) -> None:
        del self._logs[each.key]
        if each.turn.do != "follow" and not each.turn.returns:
            self._turns.settle(self._found[each.key])

    def _due(self, followed: Mapping[str, str], now: float) -> list[Log]:
        def wanted(each: Log) -> bool:
            if each.turn.do != "follow":
                return False
            token = followed.get(each.key, "")
            if token:
                return each.changed or not each.answers(token)
            return each.changed and now >= each.due

        return [each for each in self._logs.values() if wanted(each)]
