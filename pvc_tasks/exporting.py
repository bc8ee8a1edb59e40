"""Writing a snapshot of a VM to files; begun again, it goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pvc_core.decide.export import ExportDamaged, Stretches, parse_manifest, plan_chunks
from pvc_core.errors import AlreadyExists, NotFound
from pvc_core.model.export import (
    BEGUN,
    DEFINITION,
    MANIFEST,
    Begun,
    Chunk,
    ExportedDisk,
    ExportParent,
    Manifest,
)
from pvc_core.model.vm_snapshot import SnapshotDisk, VmSnapshot
from pvc_core.version import VERSION
from pvc_drivers.blocks.port import Blocks
from pvc_drivers.exports.port import ExportFailed, Exports
from pvc_tasks.importing import load_chain
from pvc_tasks.ports import Work


@dataclass(frozen=True)
class Order:
    """What is to be exported, and where to."""

    directory: str
    uuid: str
    name: str
    xml: str
    snapshot: VmSnapshot
    base: VmSnapshot | None


@dataclass(frozen=True)
class DiskPlan:
    """What of a disk goes into which file."""

    number: int
    disk: SnapshotDisk
    size: int
    chunks: list[Stretches]
    zeros: Stretches

    @property
    def total(self) -> int:
        return sum(length for chunk in self.chunks for _, length in chunk)


class Export:
    def __init__(self, exports: Exports, blocks: Blocks, order: Order, under_way: Work) -> None:
        self._exports, self._blocks, self._order, self._work = exports, blocks, order, under_way
        self._done = self._total = 0

    def carry_out(self) -> Mapping[str, Any]:
        """Raises AlreadyExists where another export is, NotFound without the one it builds on."""
        whole = self._claim()
        return self._told(whole or self._write())

    def _claim(self) -> Manifest | None:
        """The manifest, if this very export is whole already."""
        order, exports = self._order, self._exports
        begun = Begun(
            vm=order.uuid, snapshot=order.snapshot.name, made_by=order.snapshot.job, parent=self._parent()
        )
        self._begun = begun
        data = exports.find(order.directory, MANIFEST)
        found = data and parse_manifest(data, order.directory)
        known = found or self._first(begun)
        if not _same(known, begun):
            what = f"an export of {known.snapshot} of VM {known.vm}"
            raise AlreadyExists(f"{exports.where(order.directory)} holds {what}", "Choose another name.")
        return found or None

    def _first(self, begun: Begun) -> Begun:
        """What this export was begun as: of two that begin it at once, both hear of the same one."""
        directory, data = self._order.directory, begun.model_dump_json().encode()
        known = self._exports.put_first(directory, BEGUN, data)
        try:
            return Begun.model_validate_json(known)
        except ValidationError:
            where = f"{self._exports.where(directory)}/{BEGUN}"
            raise ExportDamaged(f"{where} cannot be read", "Choose another name, or remove that.") from None

    def _parent(self) -> ExportParent | None:
        return None if self._order.base is None else find_parent(self._exports, self._order, self._work)

    def _write(self) -> Manifest:
        order, exports = self._order, self._exports
        plans = [self._plan(number, disk) for number, disk in enumerate(order.snapshot.disks)]
        self._total = sum(plan.total for plan in plans)
        disks = tuple(self._write_disk(plan) for plan in plans)
        manifest = Manifest(
            **dict(self._begun),
            pvc_version=VERSION,
            name=order.name,
            created=order.snapshot.created,
            consistent=order.snapshot.consistent,
            metadata=order.snapshot.metadata,
            definition_sha256=exports.put(order.directory, DEFINITION, [order.xml.encode()]),
            disks=disks,
        )
        exports.clear_drafts(order.directory)
        exports.put(order.directory, MANIFEST, [manifest.model_dump_json(indent=1).encode()])
        return manifest

    def _plan(self, number: int, disk: SnapshotDisk) -> DiskPlan:
        self._work.check()
        before = _same_disk(self._order.base, disk)
        with self._blocks.reading(disk.pool, disk.volume, disk.snapshot) as source:
            size = source.size
            present, zeros = ([], []) if before is not None else (source.extents(), [])
        if before is not None:
            changes = self._blocks.changes(disk.pool, disk.volume, before.snapshot, disk.snapshot)
            present = [(at, length) for at, length, there in changes if there]
            zeros = [(at, min(length, size - at)) for at, length, there in changes if not there and at < size]
        return DiskPlan(number, disk, size, plan_chunks(present, size), zeros)

    def _write_disk(self, plan: DiskPlan) -> ExportedDisk:
        disk = plan.disk
        with self._blocks.reading(disk.pool, disk.volume, disk.snapshot) as source:
            chunks = tuple(
                self._write_chunk(f"{plan.number}/{number:08}", stretches, source.read)
                for number, stretches in enumerate(plan.chunks)
            )
        return ExportedDisk(
            pool=disk.pool, volume=disk.volume, size=plan.size, chunks=chunks, zeros=tuple(plan.zeros)
        )

    def _write_chunk(self, stem: str, stretches: Stretches, read: Any) -> Chunk:
        file, beside = f"{stem}.chunk", f"{stem}.sha256"
        directory, exports = self._order.directory, self._exports
        size = sum(length for _, length in stretches)
        self._work.tell(self._done, self._total)
        sha256 = self._known(file, beside)
        if sha256 is None:
            sha256 = exports.put(directory, file, self._checked(read(stretches)))
            exports.put(directory, beside, [f"{sha256}  {file.partition('/')[2]}\n".encode()])
        self._done += size
        return Chunk(file=file, bytes=size, sha256=sha256, stretches=tuple(stretches))

    def _known(self, file: str, beside: str) -> str | None:
        """Its checksum, if an earlier attempt has written it, and it still is so."""
        told = self._exports.find(self._order.directory, beside)
        if told is None:
            return None
        sha256 = told.decode(errors="replace").split(" ")[0]
        return sha256 if self._exports.sha256(self._order.directory, file) == sha256 else None

    def _checked(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self._work.check()
            yield part

    def _told(self, manifest: Manifest) -> Mapping[str, Any]:
        return {
            "vm": manifest.name,
            "snapshot": manifest.snapshot,
            "directory": self._exports.where(self._order.directory),
            "incremental_from": manifest.parent.snapshot if manifest.parent else None,
            "bytes": manifest.data_bytes,
        }


def find_parent(exports: Exports, order: Order, under_way: Work) -> ExportParent:
    """The whole export of the base, with all that it builds on; raises NotFound."""
    base, useless = order.base, []
    assert base is not None
    for name in dict.fromkeys((*_begun_on(exports, order.directory), *exports.names())):
        try:
            found = _read_as(exports, name, (order.uuid, base.name, base.job), under_way)
        except (ExportDamaged, ExportFailed, NotFound):
            # Somebody else's, most likely: that is no reason not to look on.
            useless.append(name)
            continue
        if found is not None:
            return ExportParent(directory=name, snapshot=base.name, manifest_sha256=found)
    besides = f" (not to be read, or without what they build on: {', '.join(useless)})" if useless else ""
    raise NotFound(
        f"there is no whole export of {base.name} of {order.name} below {exports.where()}{besides}",
        f"Export it there first: pvc vm snapshot export {order.name} {base.name} DIRECTORY",
    )


def _read_as(exports: Exports, name: str, wanted: tuple[str, str, str], under_way: Work) -> str | None:
    """The checksum of its manifest; None if it is of another snapshot. Raises what `load_chain` raises."""
    under_way.check()
    data = exports.find(name, MANIFEST)
    found = None if data is None else parse_manifest(data, name)
    if data is None or found is None or (found.vm, found.snapshot, found.made_by) != wanted:
        return None
    load_chain(exports, name, under_way)
    return hashlib.sha256(data).hexdigest()


def _begun_on(exports: Exports, directory: str) -> tuple[str, ...]:
    """Where the base of an earlier attempt is: it goes on with that, though there may be others by now."""
    data = exports.find(directory, BEGUN)
    with suppress(ValidationError):
        begun = None if data is None else Begun.model_validate_json(data)
        return (begun.parent.directory,) if begun and begun.parent else ()
    return ()


def _same_disk(base: VmSnapshot | None, disk: SnapshotDisk) -> SnapshotDisk | None:
    """One that came later is exported in full."""
    return next((one for one in (base.disks if base else ()) if one.path == disk.path), None)


def _same(known: Begun, begun: Begun) -> bool:
    return all(getattr(known, name) == getattr(begun, name) for name in Begun.model_fields)
