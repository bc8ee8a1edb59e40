"""A process's session on the pretend ensemble: it takes time, it can be lost, and commits are witnessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from pvc_core.model.record import Record
from pvc_core.store import faults
from pvc_core.store.cache import RememberingStore
from pvc_core.store.documents import Ref, Seen
from pvc_core.store.memory import MemoryHome, MemoryTree
from pvc_core.store.port import Bell, Note, Op, Raw
from pvc_sim.process import Life, Process

READ_S = 0.0004
COMMIT_S = 0.001
UNASKED_S = 0.5
"""How late a busy client hears of a change by itself: late enough to show who forgot to ask."""

NOTICE_S = 0.05
"""How long a client goes on believing in a session that has ended."""

SILENCE_S = 3.0
"""How long it takes a client to notice that nobody answers."""

T = TypeVar("T", bound=Record)


class Steps(Protocol):
    """Told of everything that changes the world."""

    def committing(self, process: Process, ops: Sequence[Op]) -> None: ...

    def committed(self, process: Process, ops: Sequence[Op]) -> None: ...

    def acted(self, process: Process, effect: str, uuid: str) -> None: ...


class SimHome:
    """Obeys `Home`."""

    def __init__(self, process: Process, tree: MemoryTree, steps: Steps) -> None:
        self._process, self._steps = process, steps
        self._inner = MemoryHome(tree)
        self._believed: int | None = None
        self._lost_answers = 0
        self._cable = True
        self._unheard: list[Note] = []
        process.on_cont.append(self._recover)

    def read(self, paths: Sequence[str]) -> list[Raw | None]:
        self._process.pause(READ_S)
        return self._inner.read(paths)

    def children(self, paths: Sequence[str]) -> list[tuple[str, ...] | None]:
        self._process.pause(READ_S)
        return self._inner.children(paths)

    def sync(self) -> None:
        self._process.pause(READ_S)
        self._inner.sync()

    def commit(self, ops: Sequence[Op]) -> None:
        self._process.pause(COMMIT_S)
        self._steps.committing(self._process, ops)
        self._inner.commit(ops)
        self._steps.committed(self._process, ops)
        if self._lost_answers:
            self._lost_answers -= 1
            raise faults.unknown_arrival("the answer was lost")

    def watch_value(self, path: str, bell: Bell) -> Raw | None:
        self._process.pause(READ_S)
        return self._inner.watch_value(path, self._later(bell))

    def watch_children(self, path: str, bell: Bell) -> tuple[str, ...] | None:
        self._process.pause(READ_S)
        return self._inner.watch_children(path, self._later(bell))

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        self._process.pause(READ_S)
        return self._inner.note_values(paths, [self._on_its_way(note) for note in notes])

    def note_children(self, paths: Sequence[str], notes: Sequence[Note]) -> list[tuple[str, ...] | None]:
        self._process.pause(READ_S)
        return self._inner.note_children(paths, [self._on_its_way(note) for note in notes])

    def hear(self) -> None:
        due, self._unheard = self._unheard, []
        for note in due:
            note()

    def session(self) -> int | None:
        return self._inner.session() if self._believed is None else self._believed

    def on_session_change(self, bell: Bell) -> None:
        self._inner.on_session_change(lambda: self._process.soon(bell))

    def close(self) -> None:
        self._inner.close()

    def number(self) -> int | None:
        """The session's, as the ensemble has it."""
        return self._inner.number()

    def lose_answer(self) -> None:
        """The next commit is applied, and its caller told that nobody knows."""
        self._lost_answers += 1

    def lose_connection(self) -> None:
        """The cable is out: nothing gets through, and the client notices a little later."""
        self._believed, self._cable = self.session(), False
        self._inner.disconnect()
        self._process.after(SILENCE_S, self._notice)

    def connect(self) -> None:
        """The cable is back; so is the session, if it still lives."""
        self._believed, self._cable = None, True
        self._inner.reconnect()

    def expire(self) -> None:
        """The ensemble ends the session; the client learns of it when it runs, and opens a new one."""
        self._believed = self.session()
        self._inner.expire()
        if self._process.life is Life.RUNNING:
            self._recover()

    def _later(self, bell: Bell) -> Bell:
        """A watch takes a moment to reach its process."""
        return lambda: self._process.after(READ_S, bell)

    def _on_its_way(self, note: Note) -> Note:
        """Heard a moment later by itself, or at once by who asks for it."""

        def change() -> None:
            self._unheard.append(note)
            self._process.after(UNASKED_S, self.hear)

        return change

    def _recover(self) -> None:
        if self.number() is None:
            self._process.after(NOTICE_S, self._notice)
            self._process.after(2 * NOTICE_S, self._reconnect)

    def _reconnect(self) -> None:
        if self._cable:
            self.connect()

    def _notice(self) -> None:
        self._believed = None


class SimStore(RememberingStore):
    """Shares what is decoded among the processes: records are frozen."""

    def __init__(self, home: SimHome, known: dict[str, tuple[Raw, Any]]) -> None:
        super().__init__(home)
        self._known = known

    def decode(self, ref: Ref[T], raw: Raw) -> Seen[T]:
        known = self._known.get(ref.path)
        if known is not None and known[0] is raw:
            seen: Seen[T] = known[1]
            return seen
        seen = ref.decode(raw)
        self._known[ref.path] = (raw, seen)
        return seen
