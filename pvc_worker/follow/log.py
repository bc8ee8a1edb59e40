"""One followed log: what was read of it, and what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pvc_core.decide.keeping import Kept, plan_keep
from pvc_core.decide.tail import Look, Tail, add_line, decide_look, feed
from pvc_core.decide.turns import Turn, came_late, comes_late, maybe_mixed, not_waited_for
from pvc_core.model.log import Keep, LogHead, LogSegment
from pvc_core.model.record import Record
from pvc_core.store import tree
from pvc_core.store.documents import Ref, Seen, Store
from pvc_core.store.port import Check, Delete, Op
from pvc_drivers.logs.port import LogFiles

CHUNK_BYTES = 1024 * 1024
COUNTED = 16
NOTE_BYTES = 64
"""Room for a note of what was skipped, lest it be the first line to be dropped."""

MOST_BYTES = 8 * CHUNK_BYTES
"""Of one log in one look."""


@dataclass(frozen=True)
class Source:
    """A log that this node can read; `about` is the record without which it has no place in the tree."""

    key: str
    path: str
    files: LogFiles
    about: Ref[Record]
    keep: Keep


class Log:
    """Between two commits all it knows may be lost: it is read again from where the head says."""

    def __init__(self, source: Source, node: str, head: Seen[LogHead] | None, due: float, turn: Turn) -> None:
        self.source, self.node, self.due = source, node, due
        self.head, self.turn = head, turn
        self.last: Seen[LogSegment] | None = None
        """The newest segment, while it may grow."""
        self.behind = self.closed = False
        """Whether there was more than one look may read; whether the end of it is kept."""
        self.active = True
        """Whether somebody may be writing it."""
        self.dead = False
        """Its guest is gone, and did not move: nobody will end the line under way."""
        self.tail = begin(head.value if head else None, node, source.keep, turn)
        self._kept = Tail() if self.tail.lines else self.tail

    @property
    def key(self) -> str:
        return self.source.key

    @property
    def late(self) -> bool:
        """Others have gone on without waiting; what is left here is appended all the same."""
        return self.turn.do == "late"

    @property
    def ends(self) -> bool:
        """All of it has been printed, and read by now."""
        return self.turn.do != "follow" and not self.behind

    @property
    def changed(self) -> bool:
        return self.tail != self._kept

    def answers(self, token: str) -> bool:
        """Whether that reader has been told that nothing is held back."""
        return self.head is not None and self.head.value.heard == token

    def read(self) -> int:
        """What is new, as far as one look goes; how many bytes that was. Lines that are only counted cost
        next to nothing."""
        total, self.behind = 0, False
        while (look := self._where()) is not None:
            if total >= MOST_BYTES:
                self.behind = True
                break
            data = self.source.files.read(look.file, look.start, CHUNK_BYTES)
            if not data and look.place.offset:
                break
            before, self.tail = self.tail, feed(self.tail, look, data, self.source.keep)
            total += len(data) if self.tail.lines else len(data) // COUNTED
            if self.tail == before or not data:
                break
        return total

    def _where(self) -> Look | None:
        files, path, place = self.source.files, self.source.path, self.tail.place
        current = files.find(path)
        known = place is None or (current is not None and current.inode == place.inode)
        old = None if known or place is None else files.find_old(path, place.inode)
        look = decide_look(place, current, old, self.source.keep.bytes - NOTE_BYTES)
        came = place is None and self.tail.next
        return replace(look, skipped=look.place.offset) if look and came else look

    def end_if_dead(self) -> None:
        if self.dead and not self.behind:
            self.tail, self.dead = ended(self.tail, self.source.keep), False

    def plan(self, token: str, closed: bool) -> Kept:
        old = self.head.value if self.head else LogHead(holder=self.node)
        tail = self._with_end() if closed else self.tail
        kept = plan_keep(old, self.last.value if self.last else None, tail, self.source.keep)
        places = {**old.places, self.node: tail.place} if tail.place else old.places
        owed = tuple(sorted({*old.owed, *_left_behind(old, self.node, self.turn)} - {self.node}))
        head = kept.head.but(places=places, heard=token or old.heard, owed=owed)
        if not self.late:
            rest, turn = tail.rest.decode("latin-1"), self.turn.stay.number
            head = head.but(holder=self.node, turn=turn, closed=closed, rest=rest)
        return Kept(head, kept.texts, kept.dropped)

    def needless(self, kept: Kept) -> bool:
        """Nothing was ever seen of it, nor does anybody wait for that; or all is kept."""
        if self.head is None:
            return self.tail == Tail() and not self.turn.goes_on
        return kept.head == self.head.value

    def _with_end(self) -> Tail:
        """Once everything is read. Whoever goes on elsewhere goes on in the middle of a line."""
        tail, keep = self.tail, self.source.keep
        if self.late:
            tail = ended(tail, keep)
            count = tail.next - (self.head.value.next if self.head else 0)
            return add_line(tail, came_late(self.node, count).encode(), keep)
        if self.turn.mixed and self.changed:
            return add_line(ended(tail, keep), maybe_mixed(self.node).encode(), keep)
        return tail if self.turn.goes_on else ended(tail, keep)

    def operations(self, store: Store, kept: Kept) -> Iterator[Op]:
        """As one commit: either all of it is kept, or it is read again."""
        ref = tree.log_head(self.key)
        if self.head is None:
            about = store.load(self.source.about)
            yield Check(about.ref.path, about.version)
            yield ref.create(kept.head)
        else:
            yield self.head.save(kept.head)
        for first, text in kept.texts.items():
            segment = LogSegment(first=first, text=text)
            grows = self.last is not None and self.last.value.first == first
            yield self.last.save(segment) if grows and self.last else self._segment(first).create(segment)
        yield from (Delete(self._segment(first).path) for first in kept.dropped)

    def _segment(self, first: int) -> Ref[LogSegment]:
        return tree.log_segment(self.key, first)

    def settle(self, kept: Kept) -> None:
        """It was committed."""
        version = self.head.version + 1 if self.head else 0
        self.closed = kept.head.closed or self.late
        self.head = Seen(tree.log_head(self.key), kept.head, version)
        if kept.texts:
            first = max(kept.texts)
            grown = self.last is not None and self.last.value.first == first
            version = self.last.version + 1 if grown and self.last else 0
            self.last = Seen(self._segment(first), LogSegment(first=first, text=kept.texts[first]), version)
        self.tail = Tail(self.tail.place, self.tail.rest, self.tail.next)
        self._kept = self.tail


def begin(head: LogHead | None, node: str, keep: Keep, turn: Turn) -> Tail:
    """Where to go on. The line under way is ours to end if it is our own, or was left to us."""
    old = head or LogHead(holder=node)
    tail = Tail(old.places.get(node), b"", old.next)
    if turn.do == "late":
        return tail
    tail = replace(tail, rest=old.rest.encode("latin-1"))
    if left := _left_behind(old, node, turn):
        return add_line(ended(tail, keep), not_waited_for(left).encode(), keep)
    return add_line(ended(tail, keep), comes_late(node).encode(), keep) if node in old.owed else tail


def _left_behind(old: LogHead, node: str, turn: Turn) -> list[str]:
    """Whoever goes on without having been let notes who did not let it."""
    if turn.do == "late":
        return []
    holder = () if old.closed else (old.holder,)
    return sorted({*turn.passed_over, *holder} - {node})


def ended(tail: Tail, keep: Keep) -> Tail:
    return add_line(tail, tail.rest, keep) if tail.rest else tail
