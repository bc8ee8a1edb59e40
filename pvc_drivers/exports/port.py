"""Where exports of VMs are kept: a directory of a node, or a bucket of S3."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from pvc_core.errors import PvcError
from pvc_core.model.export import CHUNK_BYTES, CHUNK_PATTERN, FILE_PATTERN
from pvc_core.model.names import DIRECTORY_PATTERN

MOST_BYTES = 1 << 30
"""Of a manifest, or any other file that is no chunk."""


class ExportFailed(PvcError):
    code, status = "EXPORT_FAILED", 409
    default_remedy = "See to the directory (storage.export_directory) on that node, then try again."


class Exports(Protocol):
    """Exports by name; each holds files, and each file is there whole or not at all."""

    def where(self, export: str = "") -> str:
        """For people; asks nobody."""

    def names(self) -> list[str]: ...

    def find(self, export: str, file: str) -> bytes | None:
        """All of it; None where there is none. Raises ExportFailed for what PVC cannot have written."""

    def load(self, export: str, file: str) -> bytes:
        """Raises NotFound."""

    def sha256(self, export: str, file: str) -> str | None:
        """Of what is there; None where there is none."""

    def put(self, export: str, file: str, parts: Iterable[bytes]) -> str:
        """Its SHA-256. It appears once all of it is safe, in place of what was there."""

    def put_first(self, export: str, file: str, data: bytes) -> bytes:
        """What the file holds then: of several who come at once, all are told what the first one wrote."""

    def clear_drafts(self, export: str) -> None:
        """What processes left that died."""


def check_file(export: str, file: str) -> None:
    """Raises ExportFailed for what is no file of an export."""
    if not re.fullmatch(DIRECTORY_PATTERN, export) or not re.fullmatch(FILE_PATTERN, file):
        raise ExportFailed(f"{export}/{file} is no file of an export")


def check_size(export: str, file: str, size: int) -> None:
    """Before it is read into memory; raises ExportFailed."""
    if size > (CHUNK_BYTES if re.fullmatch(CHUNK_PATTERN, file) else MOST_BYTES):
        raise ExportFailed(f"{export}/{file} is larger than any that PVC writes", "Export it anew.")
