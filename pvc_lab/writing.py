"""Small helpers around files."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_secretly(path: Path, text: str) -> None:
    """Write a file that only root can read; it is never readable by others, not even for a moment."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def keep_secret(path: Path) -> str:
    """The secret in that file; made up and written at the first call."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secretly(path, secrets.token_urlsafe(24) + "\n")
    return path.read_text().strip()


def write_if_changed(path: Path, text: str) -> None:
    """Write in place: a file mounted into a node must stay the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
