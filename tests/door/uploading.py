"""Files that are uploaded, and connections that carry them, for the tests of uploads."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import DoorCluster
from storage import ON, SlowBlocks, fill

from pvc_core.model.image_format import HEAD_BYTES, ImageFormat
from pvc_core.model.job import Job
from pvc_core.model.operations import UploadVolume
from pvc_core.model.upload import Upload
from pvc_drivers.blocks.port import Tell
from pvc_tasks.uploads import Uploads

DISK = bytes(range(256)) * 400
RAW = DISK + b"end"
QCOW2 = b"QFI\xfb\0\0\0\3".ljust(30, b"\0") + b"\2".ljust(HEAD_BYTES - 30, b"\0") + DISK
PATIENCE_S = 30


class SlowUploads(SlowBlocks):
    """Conversions too go on only while they may."""

    def __init__(self) -> None:
        super().__init__()
        self.conversions = 0

    def convert(self, pool: str, volume: str, form: ImageFormat, target: str, tell: Tell) -> None:
        self.conversions += 1
        super().convert(pool, volume, form, target, self.slowed(tell))


@contextmanager
def upload_cluster(tmp: Path, patience_s: float = PATIENCE_S) -> Iterator[tuple[DoorCluster, SlowUploads]]:
    blocks = SlowUploads()
    fill(blocks)
    storage = {"upload_patience_s": patience_s, "overcommit": 10}
    cluster = DoorCluster(tmp, nodes=2, blocks=blocks, subsystems=ON, storage=storage).start()
    try:
        yield cluster, blocks
    finally:
        blocks.going.set()
        cluster.stop()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def begin(cluster: DoorCluster, data: bytes = RAW, name: str = "new", **more: object) -> Job:
    """The task, ready to receive."""
    form = {} if data.startswith(b"QFI") else {"image_format": "raw"}
    asked = {"pool": "vms", "volume": name, "length": len(data), **form, **more}
    job = cluster.submit(UploadVolume.parse(asked))
    cluster.await_true(lambda: cluster.service.job(job.id).stage == "receiving", "it receives")
    return job


def send(cluster: DoorCluster, job: Job, data: bytes, offset: int = 0) -> Upload:
    """By a connection of its own."""
    rest = data[offset:]
    return Uploads(cluster.service.world).receive(job.id, offset, len(rest), io.BytesIO(rest).read)


def send_all(cluster: DoorCluster, job: Job, data: bytes) -> None:
    send(cluster, job, data)
    Uploads(cluster.service.world).seal(job.id, sha256(data))


def breaking(data: bytes, after: int) -> Callable[[int], bytes]:
    """A connection that breaks off."""
    source, left = io.BytesIO(data), [after]

    def read(most: int) -> bytes:
        if not left[0]:
            raise EOFError("gone")
        part = source.read(min(most, left[0]))
        left[0] -= len(part)
        return part

    return read


def nothing_left(cluster: DoorCluster, blocks: SlowUploads, *more: str) -> bool:
    names = [one.name for one in blocks.volumes("vms")]
    return names == sorted(["db", "web", *more]) and not cluster.service.store.names("/upload")
