"""One connection's part of an upload: bytes into the storage, and into the record how many are safe."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pvc_core.errors import Conflict, InvalidRequest, PvcError, StoreConflict, WrongState
from pvc_core.model.job import Job, Progress
from pvc_core.model.upload import Upload, staging_name
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_drivers.blocks.content import Sink
from pvc_tasks.world import World

PART = 4 << 20
NOTE_S = 1.0
"""How often the record is told what has arrived."""
TELL_S = 0.5

Read = Callable[[int], bytes]
"""At most so many bytes of the body; nothing at its end. Raises OSError or EOFError where it breaks off."""


@dataclass
class Receiving:
    """One connection's hold on an upload."""

    world: World
    job: Job
    seen: Seen[Upload]
    upload: Upload = field(init=False)
    _noted: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    def __post_init__(self) -> None:
        self.upload = self.seen.value

    def take(self, offset: int, read: Read) -> None:
        """Whatever ends it, what is safe by then counts."""
        hashed = hashlib.sha256() if offset == 0 else None
        began, first = time.monotonic(), offset
        with self.world.blocks.writing(self.upload.pool, staging_name(self.job.id), offset) as sink:
            try:
                for part in _parts(read, offset, self.upload.length):
                    sink.write(part)
                    if hashed is not None:
                        hashed.update(part)
                    self._keep_up(sink, began, first)
            except (OSError, EOFError):
                self._finish(sink)
                raise
            except PvcError as error:
                self._count(sink)
                self.note_trouble(error)
                raise
            self._finish(sink)
        if hashed is not None and self.upload.whole:
            self.upload = self.upload.but(sha256=hashed.hexdigest())
        self.note()
        done, total = self.upload.received, self.upload.length
        self.world.live.publish(self.job.id, Progress(bytes_done=done, bytes_total=total))

    def _finish(self, sink: Sink) -> None:
        try:
            sink.finish()
        finally:
            self._count(sink)

    def _count(self, sink: Sink) -> None:
        self.upload = self.upload.but(received=max(self.upload.received, sink.kept))

    def _keep_up(self, sink: Sink, began: float, first: int) -> None:
        now = time.monotonic()
        if now - self._noted >= NOTE_S:
            self._noted = now
            self._count(sink)
            self.note()
        if now - self._told >= TELL_S:
            self._told = now
            self.world.live.publish(self.job.id, _progress(sink.kept, first, self.upload.length, now - began))

    def note(self) -> None:
        """Raises WrongState if the task has ended, Conflict if another connection has taken over."""
        job = self.world.store.find(tree.job_ref(self.job.id))
        if job is None or job.value.state.finished or job.value.cancel is not None:
            raise WrongState(f"task {self.job.id} takes nothing any more", "See how it ended: pvc task info.")
        try:
            self.world.store.commit(self.seen.save(self.upload))
        except StoreConflict:
            raise Conflict("another connection has taken this upload over") from None
        self.seen = Seen(self.seen.ref, self.upload, self.seen.version + 1)

    def note_trouble(self, error: PvcError) -> None:
        """For the task, which says what it waits for."""
        self.upload = self.upload.but(trouble=error.message)
        try:
            self.note()
        except PvcError:
            return


def _parts(read: Read, offset: int, length: int) -> Iterator[bytes]:
    """Ending where the storage's objects end; raises InvalidRequest for more than was announced."""
    while offset < length:
        wanted = min(PART - offset % PART, length - offset)
        part, broken = _read_part(read, wanted)
        if part:
            yield part
        offset += len(part)
        if broken is not None:
            raise broken
        if len(part) < wanted:
            return
    if read(1):
        raise InvalidRequest(f"more than the {length} bytes that were announced")


def _read_part(read: Read, wanted: int) -> tuple[bytes, Exception | None]:
    """What came before a connection broke off is not lost."""
    got: list[bytes] = []
    missing = wanted
    try:
        while missing and (piece := read(missing)):
            got.append(piece)
            missing -= len(piece)
    except (OSError, EOFError) as error:
        return b"".join(got), error
    return got[0] if len(got) == 1 else b"".join(got), None


def _progress(done: int, first: int, total: int, seconds: float) -> Progress:
    rate = int((done - first) / seconds) if seconds > 0 else 0
    eta = (total - done) / rate if rate > 0 else None
    return Progress(bytes_done=done, bytes_total=total, bytes_per_s=rate, eta_s=eta)
