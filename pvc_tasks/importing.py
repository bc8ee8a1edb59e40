"""Making volumes of an export, every byte of it checked on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pvc_core.decide.export import ExportDamaged, check_chunk, disk_of, parse_manifest, parts_of
from pvc_core.errors import AlreadyExists, PvcError
from pvc_core.model.export import DEFINITION, MANIFEST, Chunk, ExportedDisk, Manifest
from pvc_drivers.blocks.port import Blocks, Patch
from pvc_drivers.exports.port import Exports
from pvc_tasks.ports import Work

Chain = list[tuple[str, Manifest]]
"""Directories and their manifests, the full one first."""


@dataclass(frozen=True)
class Target:
    """Where a disk of the export goes: first under a name that nobody else uses."""

    path: str
    pool: str
    draft: str
    volume: str


def load_chain(exports: Exports, directory: str, under_way: Work) -> Chain:
    """Raises NotFound, or ExportDamaged where one is not what the next was built on.

    However many there are: none of them can have the checksum of one that holds its own.
    """
    chain: Chain = []
    expected: str | None = None
    here: str | None = directory
    while here is not None:
        under_way.check()
        data = exports.load(here, MANIFEST)
        if expected is not None and hashlib.sha256(data).hexdigest() != expected:
            raise ExportDamaged(f"{here} is not the export that {chain[0][0]} builds on")
        manifest = parse_manifest(data, here)
        chain.insert(0, (here, manifest))
        expected = manifest.parent.manifest_sha256 if manifest.parent else None
        here = manifest.parent.directory if manifest.parent else None
    return chain


@dataclass(frozen=True)
class Source:
    """What is to be imported."""

    chain: Chain
    xml: str

    @property
    def manifest(self) -> Manifest:
        return self.chain[-1][1]


def mark_of(chain: Chain) -> str:
    """The same for the same export: its manifest holds the checksums of all it builds on."""
    return hashlib.sha256(chain[-1][1].model_dump_json().encode()).hexdigest()


def check_same(chain: Chain, mark: str) -> None:
    """Raises ExportDamaged: of two exports no disk could be made."""
    if mark_of(chain) != mark:
        raise ExportDamaged(f"{chain[-1][0]} was replaced by another export while it was imported")


def load_source(exports: Exports, directory: str, under_way: Work) -> Source:
    """Raises NotFound, ExportDamaged."""
    chain = load_chain(exports, directory, under_way)
    return Source(chain, load_definition(exports, chain))


def load_definition(exports: Exports, chain: Chain) -> str:
    """The domain XML; raises ExportDamaged."""
    directory, manifest = chain[-1]
    data = exports.load(directory, DEFINITION)
    if hashlib.sha256(data).hexdigest() != manifest.definition_sha256:
        raise ExportDamaged(f"{directory}/{DEFINITION} is not what was exported: its checksum differs")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ExportDamaged(f"{directory}/{DEFINITION} is no text in UTF-8") from None


class Import:
    """Begun again, it writes everything again: the volumes are its own until the VM is defined.

    Only where the export could not be read for a while it goes on after what was `written` by then.
    """

    def __init__(
        self, exports: Exports, blocks: Blocks, chain: Chain, under_way: Work, written: int = 0
    ) -> None:
        self._exports, self._blocks, self._chain, self._work = exports, blocks, chain, under_way
        self._done, self._total = 0, sum(manifest.data_bytes for _, manifest in chain)
        self._before, self._written = written, 0
        self._late: PvcError | None = None

    def carry_out(self, targets: Iterable[Target]) -> Mapping[str, Any]:
        """How many bytes; or how many zeros and chunks are safe, and why not all of them: `late`."""
        last = self._chain[-1][1]
        for target in targets:
            disk = disk_of(last, target.path)
            assert disk is not None
            self._make(target, disk)
            if self._late is not None:
                return {"late": self._late, "written": self._written}
        return {"bytes": self._done}

    def _make(self, target: Target, disk: ExportedDisk) -> None:
        """The volume is left in order in any case: what was written must be safe before it counts."""
        self._work.check()
        with suppress(AlreadyExists):
            self._blocks.create_volume(target.pool, target.draft, disk.size)
        with self._blocks.patching(target.pool, target.draft) as patch:
            for directory, part in parts_of(self._chain, disk):
                if self._late is None:
                    self._apply(directory, part, disk.size, patch)

    def _apply(self, directory: str, part: ExportedDisk, size: int, patch: Patch) -> None:
        """What was written before stays: an older zero would undo what a later export has there."""
        for offset, length in part.zeros:
            self._work.check()
            if offset < size and self._written >= self._before:
                patch.clear(offset, min(length, size - offset))
            self._written += 1
        for chunk in part.chunks:
            if self._written >= self._before and not self._write(directory, chunk, size, patch):
                return
            self._written += 1
            self._done += chunk.bytes

    def _write(self, directory: str, chunk: Chunk, size: int, patch: Patch) -> bool:
        """What a volume that has shrunk since has no room for is checked, and left out."""
        self._work.tell(self._done, self._total)
        try:
            data = self._exports.load(directory, chunk.file)
        except PvcError as error:
            if not error.retryable:
                raise
            self._late = error
            return False
        check_chunk(directory, chunk, len(data), hashlib.sha256(data).hexdigest())
        at = 0
        for offset, length in chunk.stretches:
            if offset < size:
                patch.write(offset, data[at : at + min(length, size - offset)])
            at += length
        return True
