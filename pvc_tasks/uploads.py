"""Receiving a file: from a connection straight into the storage, a few parts at a time.

Any process that serves the API may receive any part, and another may go on with the next: what is safe is
in the upload's record, compared at every change. So of two connections for one file only the later one
goes on; and none does once the task has ended.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from secrets import token_hex

from pvc_core.errors import Conflict, InvalidRequest, NotFound, PvcError, StoreConflict, WrongState
from pvc_core.model.job import Job, Progress
from pvc_core.model.operations import UploadVolume
from pvc_core.model.upload import Upload, staging_name
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_drivers.blocks.content import Sink
from pvc_tasks.world import World

PART = 4 << 20
NOTE_S = 1.0
"""How often the record is told what has arrived."""
TELL_S = 0.5
TRIES = 20

Read = Callable[[int], bytes]
"""At most so many bytes of the body; nothing at its end. Raises OSError or EOFError where it breaks off."""


class WrongOffset(Conflict):
    """`details["received"]` says where to go on."""

    code = "WRONG_OFFSET"


class UploadNotReady(Conflict):
    code = "UPLOAD_NOT_READY"
    default_remedy = (
        "Send it once the stage of its task is `receiving`: follow that with GET /task/ID?wait=30."
    )


class BrokenOff(Conflict):
    """The connection ended before the body did; what arrived is kept for a while."""

    code = "BROKEN_OFF"
    default_remedy = "Ask how much has arrived, and send the rest."


@dataclass(frozen=True)
class Uploads:
    world: World

    def find(self, job: str) -> Upload:
        """Raises WrongState once its task has ended, UploadNotReady before it has begun."""
        found = self._load(job)[0]
        return found.value

    def receive(self, job: str, offset: int, length: int | None, read: Read) -> Upload:
        """Take the bytes from `offset` on; answers with what is safe by then."""
        seen, record = self._load(job)
        _check_offset(seen.value, offset, length)
        receiving = Receiving(self.world, record, self._take(seen))
        try:
            receiving.take(offset, read)
        except PvcError as error:
            receiving.note_trouble(error)
            raise
        except (OSError, EOFError):
            receiving.note()
            raise BrokenOff(f"the connection broke off after {receiving.upload.received} bytes") from None
        self.world.hints.ring(record.id, record.queue, record.operation)
        return receiving.upload

    def seal(self, job: str, checksum: str) -> Upload:
        """That was all, and this is its SHA-256."""
        for _ in range(TRIES):
            seen, record = self._load(job)
            upload = seen.value
            if not upload.whole:
                text = f"{upload.received} of {upload.length} bytes have arrived"
                raise WrongOffset(text, "Send the rest.", received=upload.received)
            sealed = upload.but(said=checksum)
            try:
                self.world.store.commit(seen.save(sealed))
            except StoreConflict:
                continue
            self.world.hints.ring(record.id, record.queue, record.operation)
            return sealed
        raise Conflict("the upload changes too fast to be sealed", "Try again.")

    def _load(self, job: str) -> tuple[Seen[Upload], Job]:
        record = self.world.store.load(tree.job_ref(job)).value
        if record.operation != UploadVolume.name:
            raise NotFound(f"task {job} is no upload")
        if record.state.finished or record.cancel is not None:
            raise WrongState(
                f"task {job} takes nothing any more: it is {record.state}", f"See `pvc task info {job}`."
            )
        if record.stage in ("", "preparing"):
            raise UploadNotReady(f"task {job} is not ready to receive yet")
        return self.world.store.load(tree.upload_ref(job)), record

    def _take(self, seen: Seen[Upload]) -> Seen[Upload]:
        upload = seen.value.but(receiver=token_hex(6), trouble="")
        self.world.store.commit(seen.save(upload))
        return Seen(seen.ref, upload, seen.version + 1)


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


def _check_offset(upload: Upload, offset: int, length: int | None) -> None:
    if offset != upload.received:
        text = f"{upload.received} bytes have arrived, so the next is not {offset}"
        raise WrongOffset(text, f"Send from offset {upload.received} on.", received=upload.received)
    if length is not None and offset + length > upload.length:
        raise InvalidRequest(f"more than the {upload.length} bytes that were announced")


def _progress(done: int, first: int, total: int, seconds: float) -> Progress:
    rate = int((done - first) / seconds) if seconds > 0 else 0
    eta = (total - done) / rate if rate > 0 else None
    return Progress(bytes_done=done, bytes_total=total, bytes_per_s=rate, eta_s=eta)
