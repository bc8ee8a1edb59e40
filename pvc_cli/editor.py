"""The user's own editor, and what came of it."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from pvc_cli.human import clean
from pvc_core.errors import InvalidRequest

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def keep_text(name: str, text: str) -> Path:
    """A file of its own that nobody else can read: a definition may hold secrets."""
    handle, path = tempfile.mkstemp(prefix=f"pvc-{name}-", suffix=".xml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(path)


def write_file(file: Path, text: str) -> None:
    """A new file is readable for its owner alone; raises InvalidRequest where it cannot be written."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}", "Check the path.") from None


def edit(file: Path) -> str:
    """What the file holds once the editor is closed; raises InvalidRequest when that went wrong."""
    chosen = (os.environ.get("VISUAL") or os.environ.get("EDITOR") or "").strip()
    if not chosen and not sys.stdin.isatty():
        raise InvalidRequest("there is no terminal for an editor", "Give a FILE, or - for standard input.")
    words = _words(chosen or "vi")
    try:
        code = subprocess.run([*words, str(file)], check=False).returncode
    except OSError as error:
        raise InvalidRequest(
            f"the editor {words[0]} cannot be run: {error.strerror}", "Set EDITOR, or give a FILE."
        ) from None
    if code != 0:
        raise InvalidRequest(f"the editor {words[0]} ended with {code}; nothing was changed", "Try again.")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidRequest("the editor left no text; nothing was changed", "Try again.") from None


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InvalidRequest(f"the editor {command} is no command: {error}", "Set EDITOR anew.") from None


def is_untouched(file: Path, text: str) -> bool:
    """Whether it still holds just what was put there."""
    return file.exists() and file.read_bytes() == text.encode()


def same_text(one: str, other: str) -> bool:
    return one.rstrip() == other.rstrip()


def show_difference(old: str, new: str, names: tuple[str, str]) -> None:
    """As a unified diff, in colour on a terminal."""
    for line in _difference(old, new, names):
        heading = line.startswith(("--- ", "+++ ")) or None
        click.secho(clean(line), fg=COLOURS.get(line[:1]), bold=heading, err=True)


def _difference(old: str, new: str, names: tuple[str, str]) -> Iterator[str]:
    return difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")
