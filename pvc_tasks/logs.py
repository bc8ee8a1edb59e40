"""Reading the logs that agents follow: by cursor, waiting for what comes, losing nothing silently."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex

from pvc_core.decide.reading import cut, missing, needed
from pvc_core.decide.tail import readable
from pvc_core.decide.turns import awaited, stays_of, turn_of
from pvc_core.errors import InvalidRequest, StoreConflict
from pvc_core.model.log import FollowMark, LogHead, LogSegment, LogView
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.look import load_vm, look_at_node
from pvc_core.xml.domain import parse_domain
from pvc_tasks.awaiting import Awaiting
from pvc_tasks.world import World

FRESH_S = 1.2
"""How long the agent may take to hand over what it held back while nobody read."""

RENEW_S = 8.0
ATTEMPTS = 5


class Logs:
    """`after` is a cursor, `lines` how many at most: the newest without a cursor, else the next."""

    def __init__(self, world: World) -> None:
        self._world, self._store = world, world.store
        self._awaiting = Awaiting(world.store)
        self._renewed: dict[str, float] = {}

    def of_vm(self, reference: str, after: int | None, lines: int | None, wait_s: float) -> LogView:
        vm = load_vm(self._store, reference).value
        most = lines or vm.console_lines or self._world.config.console.lines
        reading = self._reading(tree.vm_log_key(vm.uuid), lambda: self._runs(vm.uuid))
        found = reading.read(after, most, wait_s)
        note = self._who_is_awaited(vm.uuid) or (found.note and self._why_nothing(vm))
        return found.but(name=vm.name, id=vm.uuid, note=note)

    def of_node(self, name: str, after: int | None, lines: int | None, wait_s: float) -> LogView:
        look_at_node(self._store, name)
        most = lines or self._world.config.console.lines
        alive = tree.node_alive(name)
        reading = self._reading(tree.node_log_key(name), lambda: self._store.find(alive) is not None)
        return reading.read(after, most, wait_s).but(name=name, id=name)

    def _reading(self, key: str, live: Callable[[], bool]) -> Reading:
        return Reading(self._world, self._awaiting, key, lambda: self._mark(key) if live() else "")

    def _mark(self, key: str) -> str:
        now = self._world.clock.now()
        due = now - self._renewed.get(key, 0.0) >= RENEW_S
        self._renewed = {name: at for name, at in self._renewed.items() if now - at < RENEW_S}
        self._renewed.setdefault(key, now)
        return mark_followed(self._store, key, due)

    def _runs(self, uuid: str) -> bool:
        seen = self._store.find(tree.vm_spec(uuid))
        return seen is not None and seen.value.state is Wanted.START

    def _who_is_awaited(self, uuid: str) -> str:
        """After a migration the lines of one node wait for the end of those of the other."""
        vm = self._store.find(tree.vm_spec(uuid))
        head = self._store.find(tree.log_head(tree.vm_log_key(uuid)))
        if vm is None or head is None or vm.value.state is not Wanted.START:
            return ""
        node = turn_of(head.value, stays_of(vm.value)).node
        return "" if node == vm.value.node else awaited(node, vm.value.node)

    def _why_nothing(self, vm: VmSpec) -> str:
        xml = self._store.find(tree.vm_xml(vm.uuid))
        named = None if xml is None else parse_domain(xml.value.xml).console_log
        where = named or f"{self._world.config.console.directory}/{vm.name}.log"
        if named is None:
            return (
                f"its XML names no <log file=.../> at its serial console, and there is no {where} on its node"
            )
        why = self._world.config.console.why_unread(named)
        return why or f"nothing has been read from {where} yet; has {vm.name} been started?"


class Reading:
    """One request. `mark` tells the agent that somebody reads, and gives the token it will answer with: none
    where nobody can be writing."""

    def __init__(self, world: World, awaiting: Awaiting, key: str, mark: Callable[[], str]) -> None:
        self._clock, self._store, self._awaiting = world.clock, world.store, awaiting
        self._key, self._mark = key, mark

    def read(self, after: int | None, most: int, wait_s: float) -> LogView:
        deadline = self._clock.now() + wait_s
        token = self._mark()
        self._check_cursor(after)
        head = self._await(lambda head: head.heard == token or _has(head, after), FRESH_S if token else 0.0)
        while after is not None and (head is None or head.next <= after):
            left = deadline - self._clock.now()
            if left <= 0:
                break
            head = self._await(lambda head: _has(head, after), min(left, RENEW_S))
            self._mark()
        return self._view(after, most)

    def _check_cursor(self, after: int | None) -> None:
        """Raises InvalidRequest for a cursor that this log has never given."""
        ref = tree.log_head(self._key)
        seen = self._store.find(ref)
        if after and (seen is None or after > seen.value.next):
            seen = self._store.find_synced(ref)
            there_is = 0 if seen is None else seen.value.next
            if after > there_is:
                raise InvalidRequest(
                    f"after: there is no line {after} in this log; the next will be {there_is}",
                    "Begin again without a cursor.",
                )

    def _await(self, good: Callable[[LogHead], bool], wait_s: float) -> LogHead | None:
        """The head as it is when it is good, or the time over."""
        seen = self._awaiting.find(tree.log_head(self._key), good, wait_s)
        return None if seen is None else seen.value

    def _view(self, after: int | None, most: int) -> LogView:
        for _ in range(ATTEMPTS):
            seen = self._store.find(tree.log_head(self._key))
            if seen is None:
                return LogView(name="", id="", first=0, next=0, note="nothing was ever read of it")
            head = seen.value
            refs = [tree.log_segment(self._key, first) for first in needed(head, after, most)]
            segments = self._store.load_present(refs)
            if len(segments) == len(refs):
                return _view_of(head, [segment.value for segment in segments], after, most)
        raise StoreConflict(f"{self._key} changes faster than it can be read")


def _has(head: LogHead, after: int | None) -> bool:
    """Something that the reader has not seen."""
    return after is not None and head.next > after


def _view_of(head: LogHead, segments: list[LogSegment], after: int | None, most: int) -> LogView:
    first, lines = cut(head, segments, after, most)
    return LogView(
        name="",
        id="",
        first=first,
        lines=lines,
        next=first + len(lines),
        lost=missing(first, after),
        partial=readable(head.rest.encode("latin-1")),
    )


def mark_followed(store: Store, key: str, renew: bool) -> str:
    """Make the mark that asks for this log's lines soon, or let it be seen that it is meant; its token."""
    ref = tree.follow_mark(key)
    for _ in range(ATTEMPTS):
        seen = store.find(ref)
        if seen is not None:
            if renew:
                with suppress(StoreConflict):
                    store.commit(seen.save(seen.value.but(beat=seen.value.beat + 1)))
            return seen.value.token
        mark = FollowMark(token=token_hex(4))
        with suppress(StoreConflict):
            store.commit(ref.create(mark))
            return mark.token
    return ""
