"""What PVC asks of the log files on one node.

Two homes obey this contract (tests/contract/test_log_files.py): `files.py` and `fake.py`. A file that cannot
be read is one that is not there.
"""

from __future__ import annotations

from typing import Protocol

from pvc_core.model.log import FileMark


class LogFiles(Protocol):
    def find(self, path: str) -> FileMark | None:
        """The regular file of that name, if it may be read."""

    def find_old(self, path: str, inode: int) -> FileMark | None:
        """The file that was once at `path` and has been renamed to something that begins so."""

    def read(self, file: FileMark, start: int, limit: int) -> bytes:
        """Some of its bytes; none when it is no longer there."""
