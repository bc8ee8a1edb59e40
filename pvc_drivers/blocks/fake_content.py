"""What is on volumes in memory; an image's disk is what follows its mark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pvc_core.model.image_format import HEAD_BYTES, ImageFormat, InvalidImage
from pvc_drivers.blocks.content import Extent
from pvc_drivers.blocks.fake_state import FakeState
from pvc_drivers.blocks.port import Tell

STEPS = 10
BLOCK = 4096


class FakeSink:
    """Obeys `Sink`."""

    def __init__(self, state: FakeContent, data: bytearray, offset: int) -> None:
        self._state, self._data, self.kept = state, data, offset

    def write(self, data: bytes) -> None:
        self._state.refuse_if(self._state.silent or self._state.hanging)
        end = self.kept + len(data)
        self._data.extend(bytes(max(0, end - len(self._data))))
        self._data[self.kept : end] = data
        self.kept = end

    def finish(self) -> None:
        """Nothing is under way."""


class FakeSource:
    """Obeys `Source`."""

    def __init__(self, size: int, data: bytes) -> None:
        self.size, self._data = size, data

    def extents(self) -> list[Extent]:
        blocks = range(0, min(self.size, len(self._data)), BLOCK)
        return [(at, BLOCK) for at in blocks if any(self._data[at : at + BLOCK])]

    def read(self, parts: Iterable[Extent]) -> Iterator[bytes]:
        for offset, length in parts:
            yield self._data[: self.size][offset : offset + length].ljust(length, b"\0")


class FakeContent(FakeState):
    """Obeys `Content`. `infos` is what qemu-img would say of an image, by its format."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, bytearray] = {}
        self.infos: dict[str, dict[str, Any]] = {}

    def content_of(self, pool: str, volume: str) -> bytearray:
        return self.contents.setdefault(self.found(pool, volume).id, bytearray())

    @contextmanager
    def writing(self, pool: str, volume: str, offset: int) -> Iterator[FakeSink]:
        self.refuse_if(self.silent or self.hanging)
        sink = FakeSink(self, self.content_of(pool, volume), offset)
        self.open_volume(pool, volume, self.own)
        try:
            yield sink
        finally:
            self.open_volume(pool, volume)

    @contextmanager
    def reading(self, pool: str, volume: str, snapshot: str = "") -> Iterator[FakeSource]:
        """Snapshots share their volume's content here."""
        self.refuse_if(self.silent or self.hanging)
        found = self.found(pool, volume)
        yield FakeSource(found.size, bytes(self.contents.get(found.id, b"")))

    def inspect(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        disk = len(self.content_of(pool, volume)) - HEAD_BYTES
        if disk <= 0:
            raise InvalidImage("qemu-img cannot read the image: it is too short")
        return {"format": form, "virtual-size": disk, **self.infos.get(form, {})}

    def find_faults(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        self.found(pool, volume)
        return {}

    def convert(self, pool: str, volume: str, form: ImageFormat, target: str, tell: Tell) -> None:
        for done in range(STEPS):
            tell(done, STEPS)
        self.content_of(pool, target)[:] = self.content_of(pool, volume)[HEAD_BYTES:]
