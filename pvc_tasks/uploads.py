"""Receiving a file: from a connection straight into the storage, a few parts at a time.

Any process that serves the API may receive any part, and another may go on with the next: what is safe is
in the upload's record, compared at every change. So of two connections for one file only the later one
goes on; and none does once the task has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex

from pvc_core.errors import Conflict, InvalidRequest, NotFound, PvcError, StoreConflict, WrongState
from pvc_core.model.job import Job
from pvc_core.model.operations import UploadVolume
from pvc_core.model.upload import Upload
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_tasks.receiving import Read, Receiving
from pvc_tasks.world import World

TRIES = 20


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


def _check_offset(upload: Upload, offset: int, length: int | None) -> None:
    if offset != upload.received:
        text = f"{upload.received} bytes have arrived, so the next is not {offset}"
        raise WrongOffset(text, f"Send from offset {upload.received} on.", received=upload.received)
    if length is not None and offset + length > upload.length:
        raise InvalidRequest(f"more than the {upload.length} bytes that were announced")
