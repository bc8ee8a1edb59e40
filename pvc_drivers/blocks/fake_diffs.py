"""What differs between two moments of a volume in memory, and making it so elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pvc_core.errors import NotFound
from pvc_drivers.blocks.fake_content import BLOCK, FakeContent, FakeSource
from pvc_drivers.blocks.fake_snapshots import FakeSnapshots
from pvc_drivers.blocks.port import Change, Tell


class FakePatch:
    """Obeys `Patch`."""

    def __init__(self, state: FakeDiffs, data: bytearray) -> None:
        self._state, self._data = state, data

    def write(self, offset: int, data: bytes) -> None:
        self._state.refuse_if(self._state.silent or self._state.hanging)
        end = offset + len(data)
        if data:
            self._data.extend(bytes(max(0, end - len(self._data))))
        self._data[offset:end] = data

    def clear(self, offset: int, length: int) -> None:
        """Beyond what was ever written there are zeros already."""
        self.write(offset, bytes(max(0, min(length, len(self._data) - offset))))


class FakeDiffs(FakeSnapshots, FakeContent):
    """Obeys `Diffs`; its snapshots remember what was on their volumes."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: dict[tuple[str, str], bytes] = {}

    def create_snapshot(self, pool: str, volume: str, name: str) -> None:
        super().create_snapshot(pool, volume, name)
        self.moments[self.found(pool, volume).id, name] = bytes(self.content_of(pool, volume))

    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        super().rollback_snapshot(pool, volume, name, tell)
        self.content_of(pool, volume)[:] = self._moment(pool, volume, name)

    @contextmanager
    def reading(self, pool: str, volume: str, snapshot: str = "") -> Iterator[FakeSource]:
        self.refuse_if(self.silent or self.hanging)
        yield FakeSource(self.found(pool, volume).size, self._moment(pool, volume, snapshot))

    def changed_bytes(self, pool: str, volume: str, since: str, until: str = "") -> int | None:
        self.refuse_if(self.silent or self.hanging)
        return sum(length for _, length, _ in self.changes(pool, volume, since, until))

    def changes(self, pool: str, volume: str, since: str, until: str) -> list[Change]:
        for name in (since, *((until,) if until else ())):
            if name not in self.found(pool, volume).snapshots:
                raise NotFound(f"{pool}/{volume} has no snapshot {name}")
        before, after = self._moment(pool, volume, since), self._moment(pool, volume, until)
        blocks = range(0, max(len(before), len(after)), BLOCK)
        pairs = ((at, before[at : at + BLOCK], after[at : at + BLOCK]) for at in blocks)
        return [(at, BLOCK, any(new)) for at, old, new in pairs if old.strip(b"\0") != new.strip(b"\0")]

    @contextmanager
    def patching(self, pool: str, volume: str) -> Iterator[FakePatch]:
        self.refuse_if(self.silent or self.hanging)
        data = self.content_of(pool, volume)
        self.open_volume(pool, volume, self.own)
        try:
            yield FakePatch(self, data)
        finally:
            self.open_volume(pool, volume)

    def _moment(self, pool: str, volume: str, snapshot: str) -> bytes:
        now = bytes(self.content_of(pool, volume))
        return self.moments.get((self.found(pool, volume).id, snapshot), now) if snapshot else now
