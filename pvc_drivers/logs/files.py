"""Log files as the system has them, in the directories that were allowed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pvc_core.model.log import FileMark

SEARCH_AGAIN_S = 30.0
# A pipe must not hold us up, nor a link lead us elsewhere.
HOW = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class RealLogFiles:
    """Obeys `LogFiles`. A domain's XML may name any file of the node: only those in our directories count."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._allowed = tuple(Path(os.path.realpath(directory)) for directory in directories)
        self._searched: dict[tuple[str, int], float] = {}

    def find(self, path: str) -> FileMark | None:
        try:
            where = Path(os.path.realpath(path))
            if not any(where.is_relative_to(directory) for directory in self._allowed):
                return None
            return _mark(path, where.lstat())
        except (OSError, ValueError):
            return None

    def find_old(self, path: str, inode: int) -> FileMark | None:
        """Looking through a directory costs: what was not found is not looked for again at once."""
        key = (path, inode)
        if time.monotonic() < self._searched.get(key, 0.0):
            return None
        for sibling in _siblings(path):
            found = self.find(sibling)
            if found is not None and found.inode == inode:
                return found
        self._searched[key] = time.monotonic() + SEARCH_AGAIN_S
        return None

    def read(self, file: FileMark, start: int, limit: int) -> bytes:
        try:
            handle = os.open(os.path.realpath(file.path), HOW)
        except OSError:
            return b""
        try:
            found = _mark(file.path, os.fstat(handle))
            same = found is not None and found.inode == file.inode
            return os.pread(handle, limit, start) if same else b""
        except OSError:
            return b""
        finally:
            os.close(handle)


def _mark(path: str, seen: os.stat_result) -> FileMark | None:
    return FileMark(path, seen.st_ino, seen.st_size) if stat.S_ISREG(seen.st_mode) else None


def _siblings(path: str) -> Iterator[str]:
    """As `vm1.log.0` and `vm1.log-20261121`."""
    place = Path(path)
    try:
        with os.scandir(place.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(place.name)]
    except OSError:
        return
    yield from (str(place.with_name(name)) for name in names if name != place.name)
