"""Following a file: from what is there and how far one has come to the lines that are new. Pure.

A guest's console is one stream, wherever it is written: files are rotated, cut to nothing, or left behind on
another node, and the line that was under way goes on in the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pvc_core.model.log import FileMark, Keep, Place

MAX_LINE_BYTES = 4096
"""A longer line goes on in the next one."""

BEFORE_BYTES = 48
FAR_BEHIND_BYTES = 1024 * 1024 * 1024
"""Who is so far behind skips to the end, and says so."""

ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)


@dataclass(frozen=True)
class Tail:
    """How far a log has been read, and the lines that nobody has kept yet."""

    place: Place | None = None
    rest: bytes = b""
    next: int = 0
    lines: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The number of the first of `lines`."""
        return self.next - len(self.lines)


@dataclass(frozen=True)
class Look:
    """Which file to read on in, and from where."""

    file: FileMark
    place: Place
    skipped: int = 0

    @property
    def behind(self) -> int:
        return self.file.size - self.place.offset

    @property
    def start(self) -> int:
        """A little before the place, to see whether it is still the same file."""
        return self.place.offset - len(self.place.before)


def decide_look(
    place: Place | None, current: FileMark | None, old: FileMark | None, begin_bytes: int
) -> Look | None:
    """Where to read on; None when there is nothing new. `old` is our file under another name, if any."""
    # 1. Our file under its own name.
    if place is not None and current is not None and current.inode == place.inode:
        return _read_on(place, current)
    # 2. It was renamed: first what is left in it.
    if place is not None and old is not None and old.size > place.offset:
        return _read_on(place, old)
    # 3. There is another one in its place; the first of all is read from near its end.
    if current is not None:
        start = max(0, current.size - begin_bytes) if place is None else 0
        begun = Place(inode=current.inode, offset=start)
        return _read_on(begun, current) or Look(current, begun)
    return None


def _read_on(place: Place, file: FileMark) -> Look | None:
    if file.size < place.offset:
        return Look(file, Place(inode=file.inode, offset=0))
    behind = file.size - place.offset
    if behind > FAR_BEHIND_BYTES:
        skipped = behind - MAX_LINE_BYTES
        return Look(file, Place(inode=file.inode, offset=place.offset + skipped), skipped)
    return Look(file, place) if behind else None


def feed(tail: Tail, look: Look, data: bytes, keep: Keep) -> Tail:
    """With what was read from `look.start`; from its beginning the next time, if it is not our file."""
    place, before = look.place, look.place.before.encode("latin-1")
    if not data.startswith(before):
        return replace(tail, place=Place(inode=place.inode, offset=0))
    new = data[len(before) :]
    if look.skipped:
        tail = add_line(tail, tail.rest + f"[{look.skipped} bytes were skipped]".encode(), keep)
    seen = (before + new)[-BEFORE_BYTES:].decode("latin-1")
    tail = replace(tail, place=Place(inode=place.inode, offset=place.offset + len(new), before=seen))
    more = look.behind - len(new) > 2 * keep.bytes
    return _skim(tail, new) if more else _take(tail, new, keep)


def _skim(tail: Tail, data: bytes) -> Tail:
    """Lines that will not be kept, since so many follow, are only counted."""
    count = data.count(b"\n")
    rest = data.rpartition(b"\n")[2] if count else tail.rest + data
    return replace(tail, rest=rest[-MAX_LINE_BYTES:], next=tail.next + count, lines=())


def add_line(tail: Tail, raw: bytes, keep: Keep) -> Tail:
    """End the line under way with this text."""
    return _take(replace(tail, rest=b""), raw + b"\n", keep)


def _take(tail: Tail, data: bytes, keep: Keep) -> Tail:
    *ended, rest = (tail.rest + data).split(b"\n")
    whole = [part for line in ended for part in _parts(line)]
    *filled, rest = _parts(rest)
    whole += filled
    lines = tail.lines + tuple(readable(line) for line in whole[-keep.lines :])
    return replace(tail, rest=rest, next=tail.next + len(whole), lines=_newest(lines, keep))


def _parts(line: bytes) -> Iterator[bytes]:
    """A line in pieces that are not too long, cut between characters."""
    while len(line) > MAX_LINE_BYTES:
        end = MAX_LINE_BYTES
        while end > MAX_LINE_BYTES - 4 and line[end] & 0xC0 == 0x80:
            end -= 1
        yield line[:end]
        line = line[end:]
    yield line


def _newest(lines: tuple[str, ...], keep: Keep) -> tuple[str, ...]:
    """As many of the last lines as are kept at all."""
    room, start = keep.bytes, len(lines)
    while start > 0 and len(lines) - start < keep.lines:
        room -= line_bytes(lines[start - 1])
        if room < 0:
            break
        start -= 1
    return lines[start:]


def line_bytes(line: str) -> int:
    return len(line.encode()) + 1


def readable(raw: bytes) -> str:
    """A line as text that no terminal obeys: escape sequences and control characters are gone."""
    text = ESCAPES.sub("", raw.decode("utf-8", "replace").rstrip("\r"))
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else " " * char.isspace() for char in text)
