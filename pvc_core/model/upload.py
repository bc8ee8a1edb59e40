"""A file on its way into a volume."""

from __future__ import annotations

from pvc_core.model.names import JobId
from pvc_core.model.record import Record

STAGING = ".pvc-upload-"
CONVERTED = ".pvc-convert-"
"""No volume can be given a name with a dot first, so these are never in the way."""


class Upload(Record):
    """How much of a file has arrived. It is there until nothing is left of it but the volume."""

    job: JobId
    pool: str
    length: int
    received: int = 0
    """All before this is safe in the storage: a sender goes on from here."""
    sha256: str = ""
    """Of all of it, if it came by one connection; else it is found by reading it back."""
    said: str = ""
    """What the sender says it is."""
    receiver: str = ""
    """The connection that may write; a new one takes it over."""
    trouble: str = ""
    """Why the storage did not take what was sent last."""
    images: tuple[str, ...] = ()
    """What has to be removed in the end."""

    @property
    def whole(self) -> bool:
        return self.received == self.length


def staging_name(job: str) -> str:
    """What is received is written there."""
    return f"{STAGING}{job}"


def converted_name(job: str, incarnation: str) -> str:
    """One for every process that tries: what another still writes does no harm."""
    return f"{CONVERTED}{job}-{incarnation}"
