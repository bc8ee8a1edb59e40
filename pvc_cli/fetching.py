"""Fetching a file: under another name until all of it is there, with holes where it is empty."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from pvc_core.errors import InvalidRequest, Unreachable


def fetch(parts: Iterable[bytes], length: int, file: Path, tell: Callable[[int], None]) -> str:
    """Its SHA-256; whatever fails leaves nothing behind, and what was there before as it was."""
    partial = file.with_name(f".{file.name}.part")
    try:
        with partial.open("wb") as opened:
            checksum = _write(parts, length, opened, tell)
            opened.flush()
            os.fsync(opened.fileno())
        partial.replace(file)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}", "Check the path.") from None
    finally:
        partial.unlink(missing_ok=True)
    return checksum


def _write(parts: Iterable[bytes], length: int, opened: BinaryIO, tell: Callable[[int], None]) -> str:
    hashed, done = hashlib.sha256(), 0
    for part in parts:
        hashed.update(part)
        done += len(part)
        if part.count(0) == len(part):
            opened.seek(len(part), os.SEEK_CUR)
        else:
            opened.write(part)
        tell(done)
    if done != length:
        raise Unreachable(f"the file broke off after {done} of {length} bytes", "Fetch it again.")
    opened.truncate(length)
    return hashed.hexdigest()
