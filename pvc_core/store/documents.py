"""Typed, versioned documents over a home: what is read carries the version it must be saved against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from pvc_core.errors import NotFound, StoreTooLarge, StoreUnavailable
from pvc_core.model.record import Record
from pvc_core.store.port import MAX_VALUE_BYTES, Bell, Check, Create, Delete, Home, Op, Put, Raw

T = TypeVar("T", bound=Record)


def encode(path: str, value: Record) -> bytes:
    """The JSON of a record; raises StoreTooLarge naming the path."""
    data = value.model_dump_json(exclude_none=True).encode()
    if len(data) > MAX_VALUE_BYTES:
        raise StoreTooLarge(f"{path} would take {len(data)} bytes; {MAX_VALUE_BYTES} are allowed", path=path)
    return data


@dataclass(frozen=True)
class Ref(Generic[T]):
    """Where a document of type T lives; `what` names it to people."""

    path: str
    model: type[T]
    what: str

    def create(self, value: T, ephemeral: bool = False) -> Create:
        return Create(self.path, encode(self.path, value), ephemeral)

    def decode(self, raw: Raw) -> Seen[T]:
        try:
            return Seen(self, self.model.model_validate_json(raw.data), raw.version)
        except ValidationError as error:
            raise StoreUnavailable(
                f"{self.path} does not hold a readable {self.model.__name__}: {error.errors()[0]['msg']}",
                "Was it written by a newer version, or by hand? Compare it with docs/state.md.",
                path=self.path,
            ) from None


@dataclass(frozen=True)
class Seen(Generic[T]):
    """A document as read: its value and the version a save will be compared with."""

    ref: Ref[T]
    value: T
    version: int

    def save(self, value: T) -> Put:
        return Put(self.ref.path, encode(self.ref.path, value), self.version)

    def check(self) -> Check:
        return Check(self.ref.path, self.version)

    def delete(self) -> Delete:
        return Delete(self.ref.path, self.version)


class Store:
    """The cluster's state tree as typed documents."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def find_many(self, refs: Sequence[Ref[T]]) -> list[Seen[T] | None]:
        """The documents in order, read pipelined; None where there is none."""
        raws = self.home.read([ref.path for ref in refs])
        return [None if raw is None else self.decode(ref, raw) for ref, raw in zip(refs, raws, strict=True)]

    def decode(self, ref: Ref[T], raw: Raw) -> Seen[T]:
        return ref.decode(raw)

    def find(self, ref: Ref[T]) -> Seen[T] | None:
        return self.find_many([ref])[0]

    def find_synced(self, ref: Ref[T]) -> Seen[T] | None:
        """As `find`, of what anybody has committed by now."""
        self.home.sync()
        return self.find(ref)

    def load(self, ref: Ref[T]) -> Seen[T]:
        """The document; raises NotFound naming what was looked for, once it is sure that it is not there."""
        seen = self.find(ref) or self.find_synced(ref)
        if seen is None:
            raise NotFound(f"there is no {ref.what}")
        return seen

    def names(self, path: str) -> tuple[str, ...]:
        """The children of a path; none where the path does not exist."""
        return self.home.children([path])[0] or ()

    def names_many(self, paths: Sequence[str]) -> list[tuple[str, ...]]:
        return [names or () for names in self.home.children(paths)]

    def load_present(self, refs: Sequence[Ref[T]]) -> list[Seen[T]]:
        """Those of the documents that exist."""
        return [seen for seen in self.find_many(refs) if seen is not None]

    def watch(self, ref: Ref[T], bell: Bell) -> Seen[T] | None:
        raw = self.home.watch_value(ref.path, bell)
        return None if raw is None else ref.decode(raw)

    def commit(self, *ops: Op) -> None:
        self.home.commit(ops)
