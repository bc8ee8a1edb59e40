"""Exports below one directory: each is a directory, and each of its files is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG

from pvc_core.errors import NotFound
from pvc_core.model.names import DIRECTORY_PATTERN
from pvc_drivers.exports.port import ExportFailed, check_file, check_size

DRAFT = ".part"


class DirectoryExports:
    """Obeys `Exports`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        with _told(self._root):
            found = self._root.iterdir() if self._root.is_dir() else iter(())
            return sorted(one.name for one in found if re.fullmatch(DIRECTORY_PATTERN, one.name))

    def where(self, export: str = "") -> str:
        return str(self._root / export)

    def find(self, export: str, file: str) -> bytes | None:
        """All of it; None where there is none."""
        path = self._path(export, file)
        with _told(path):
            try:
                seen = path.stat()
                if not S_ISREG(seen.st_mode):
                    raise ExportFailed(f"{path} is no file")
                check_size(export, file, seen.st_size)
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def load(self, export: str, file: str) -> bytes:
        """Raises NotFound."""
        found = self.find(export, file)
        if found is None:
            raise NotFound(f"{self._root / export} has no {file}", "Is it the right directory, on this node?")
        return found

    def sha256(self, export: str, file: str) -> str | None:
        """Of what is there; None where there is none."""
        path = self._path(export, file)
        with _told(path):
            if not path.is_file():
                return None
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()

    def put(self, export: str, file: str, parts: Iterable[bytes]) -> str:
        """Its SHA-256. It appears once all of it is safe; whoever dies leaves only a draft."""
        path = self._path(export, file)
        with _told(path), _drafting(path) as draft:
            sha256 = _write(draft, parts)
            draft.replace(path)
        return sha256

    def put_first(self, export: str, file: str, data: bytes) -> bytes:
        path = self._path(export, file)
        with _told(path), _drafting(path) as draft:
            _write(draft, [data])
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                return self.load(export, file)
            except OSError:
                # A file system without hard links, as some that are mounted from elsewhere.
                if path.exists():
                    return self.load(export, file)
                draft.replace(path)
        return data

    def clear_drafts(self, export: str) -> None:
        """Of processes that died."""
        with _told(self._root / export):
            for draft in self._root.joinpath(export).rglob(f".*{DRAFT}"):
                draft.unlink(missing_ok=True)

    def _path(self, export: str, file: str) -> Path:
        """Names that lead elsewhere do not exist; nor do links that do."""
        check_file(export, file)
        path = self._root / export / file
        real = Path(os.path.realpath(path))
        if real != Path(os.path.realpath(self._root)) / export / file:
            raise ExportFailed(f"{path} is, or is below, a link that leads elsewhere")
        return path


@contextmanager
def _drafting(path: Path) -> Iterator[Path]:
    """A name beside it, to be written first; whoever dies leaves only that."""
    draft = path.with_name(f".{path.name}.{token_hex(4)}{DRAFT}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _write(draft: Path, parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        for part in parts:
            digest.update(part)
            stream.write(part)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportFailed(f"{path}: {error.strerror or error}") from None
