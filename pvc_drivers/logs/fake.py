"""Log files in memory."""

from __future__ import annotations

from itertools import count

from pvc_core.model.log import FileMark


class FakeLogFiles:
    """Obeys `LogFiles`; the other methods are what guests, admins and logrotate do."""

    def __init__(self) -> None:
        self._inodes = count(1)
        self._files: dict[str, tuple[int, bytearray]] = {}

    def find(self, path: str) -> FileMark | None:
        if path not in self._files:
            return None
        inode, data = self._files[path]
        return FileMark(path, inode, len(data))

    def find_old(self, path: str, inode: int) -> FileMark | None:
        names = [name for name in self._files if name.startswith(path) and name != path]
        marks = [self.find(name) for name in names]
        return next((mark for mark in marks if mark is not None and mark.inode == inode), None)

    def read(self, file: FileMark, start: int, limit: int) -> bytes:
        inode, data = self._files.get(file.path, (0, bytearray()))
        return bytes(data[start : start + limit]) if inode == file.inode else b""

    def write(self, path: str, data: bytes) -> None:
        """Append; the file is made if it is not there."""
        if path not in self._files:
            self._files[path] = (next(self._inodes), bytearray())
        self._files[path][1].extend(data)

    def truncate(self, path: str) -> None:
        self._files[path][1].clear()

    def rename(self, path: str, new: str) -> None:
        self._files[new] = self._files.pop(path)

    def remove(self, path: str) -> None:
        del self._files[path]
