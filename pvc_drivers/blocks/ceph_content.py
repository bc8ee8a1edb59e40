"""What is on RBD images: written and read in order, several objects at a time."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import rbd

from pvc_core.errors import StorageRefused, StorageUnavailable
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.ceph_cluster import translated
from pvc_drivers.blocks.content import Extent

PART = 4 << 20
"""As large as an object of RBD: a part then concerns a few OSDs only."""
LOOK = 32 << 30
"""Of so much it can be told within the time limit of a call what was ever written."""
WRITES = 8
READS = 4
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

Ask = Callable[[str, Callable[[], Any]], Any]


class CephSink:
    """Obeys `Sink`. librbd keeps nothing back as long as nobody has flushed: what it calls done is safe."""

    def __init__(self, image: Any, what: str, offset: int, patience_s: float) -> None:
        self._image, self._what, self._patience_s = image, what, patience_s
        self._room = threading.Semaphore(WRITES)
        self._under_way: deque[tuple[Any, int]] = deque()
        self._offset = self._kept = offset

    @property
    def kept(self) -> int:
        """Also once a part has failed: what came before it."""
        with suppress(StorageUnavailable, StorageRefused):
            self._settle()
        return self._kept

    def write(self, data: bytes) -> None:
        self._settle()
        self._await_room()
        with translated(self._what):
            completion = self._image.aio_write(data, self._offset, self._done)
        self._offset += len(data)
        self._under_way.append((completion, self._offset))

    def finish(self) -> None:
        self._await_silence()
        for completion, _ in self._under_way:
            completion.wait_for_complete_and_cb()
        self._settle()

    def rest(self) -> None:
        """Closed with writes under way while another asks for its lock, an image never closes (Ceph 16.2)."""
        with suppress(StorageUnavailable):
            self._await_silence()

    def _await_silence(self) -> None:
        """Room for everything is there once nothing is under way."""
        for _ in range(WRITES):
            self._await_room()
        self._room.release(WRITES)

    def _await_room(self) -> None:
        if not self._room.acquire(timeout=self._patience_s):
            raise StorageUnavailable(f"the storage takes nothing: {self._what}")

    def _done(self, _: Any) -> None:
        self._room.release()

    def _settle(self) -> None:
        """Note what is safe, in order; raises for what failed."""
        while self._under_way and self._under_way[0][0].is_complete():
            completion, end = self._under_way[0]
            if (code := completion.get_return_value()) < 0:
                raise self._failure(-code)
            self._under_way.popleft()
            self._kept = end

    def _failure(self, number: int) -> StorageRefused | StorageUnavailable:
        """With no room it is no use to try again. All else may happen to a client that lost its lock on the
        image, or its OSDs, for a while: the next one goes on."""
        said = f"writing to {self._what} failed: {os.strerror(number)}"
        return StorageRefused(said) if number in NO_ROOM else StorageUnavailable(said)


class CephSource:
    """Obeys `Source`."""

    def __init__(self, image: Any, what: str, ask: Ask) -> None:
        self._image, self._what, self._ask = image, what, ask
        self.size: int = image.size()

    def extents(self) -> list[Extent]:
        """A part at a time: without an object map each object is asked, which in all may take minutes."""
        parts = range(0, self.size, LOOK)
        each = (self._ask(f"extents of {self._what}", partial(self._look, at)) for at in parts)
        return [extent for found in each for extent in found]

    def _look(self, at: int) -> list[Extent]:
        found: list[Extent] = []

        def note(offset: int, length: int, exists: bool) -> None:
            if exists:
                found.append((offset, length))

        with translated(self._what):
            self._image.diff_iterate(at, min(LOOK, self.size - at), None, note, True, True)
        return found

    def read(self, parts: Iterable[Extent]) -> Iterator[bytes]:
        """A few ahead of whoever takes them."""
        crew = ThreadPoolExecutor(READS, "storage-read")
        pieces = _pieces(parts)
        ahead: deque[Any] = deque()
        try:
            for piece in pieces:
                ahead.append(crew.submit(self._read, *piece))
                if len(ahead) == READS:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            crew.shutdown(wait=True, cancel_futures=True)

    def _read(self, offset: int, length: int) -> bytes:
        within = max(0, min(length, self.size - offset))
        with translated(self._what):
            data: bytes = self._image.read(offset, within) if within else b""
        return data.ljust(length, b"\0")


class CephContent(CephCalls):
    """Obeys the first half of `Content`."""

    @contextmanager
    def writing(self, pool: str, volume: str, offset: int) -> Iterator[CephSink]:
        with self._held(pool, volume, read_only=False) as image:
            sink = CephSink(image, f"{pool}/{volume}", offset, self._bounded.patience_s)
            try:
                yield sink
            finally:
                sink.rest()

    @contextmanager
    def reading(self, pool: str, volume: str, snapshot: str = "") -> Iterator[CephSource]:
        what = f"{pool}/{volume}@{snapshot}" if snapshot else f"{pool}/{volume}"
        ask = partial(self.call, pool=pool)
        with self._held(pool, volume, snapshot, read_only=True) as image:
            yield ask(f"size of {what}", lambda: CephSource(image, what, ask))

    @contextmanager
    def _held(self, pool: str, volume: str, snapshot: str = "", **how: Any) -> Iterator[Any]:
        """Open for as long as the caller wants; opening and closing are bounded in time."""
        held = Held()

        def open_it() -> Any:
            ioctx = held.things.enter_context(self.cluster.pool(pool))
            what = f"snapshot {pool}/{volume}@{snapshot}" if snapshot else f"volume {pool}/{volume}"
            with translated(what):
                image = held.things.enter_context(rbd.Image(ioctx, volume, snapshot or None, **how))
            return held.opened(image)

        try:
            image = self.call(f"open {pool}/{volume}", open_it, pool)
        except BaseException:
            held.given_up()
            raise
        try:
            yield image
        finally:
            with suppress(StorageUnavailable):
                self._bounded.close(f"close {pool}/{volume}", held.things.close)


class Held:
    """An image that is being opened: what opens after nobody waits for it any more is closed at once."""

    def __init__(self) -> None:
        self.things = ExitStack()
        self._guard = threading.Lock()
        self._open = self._unwanted = False

    def opened(self, image: Any) -> Any:
        with self._guard:
            self._open, late = True, self._unwanted
        if late:
            self.things.close()
        return image

    def given_up(self) -> None:
        """To close may take as long as to open, so it is nobody's to wait for."""
        with self._guard:
            self._unwanted, late = True, self._open
        if late:
            threading.Thread(target=self.things.close, name="storage", daemon=True).start()


def _pieces(parts: Iterable[Extent]) -> Iterator[Extent]:
    """None larger than PART."""
    for offset, length in parts:
        for at in range(0, length, PART):
            yield offset + at, min(PART, length - at)
