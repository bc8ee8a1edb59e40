"""How new lines are kept: in small segments, the oldest dropped, nothing rewritten but a small last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pvc_core.decide.tail import Tail, line_bytes
from pvc_core.model.log import Keep, LogHead, LogSegment, Piece

SEGMENT_BYTES = 16 * 1024
GROWING_BYTES = 2 * 1024
"""A last segment smaller than this grows; a larger one is followed by another."""


@dataclass(frozen=True)
class Kept:
    """The head to save, the segments that are new or have grown, and those to drop."""

    head: LogHead
    texts: Mapping[int, str]
    dropped: tuple[int, ...]


def plan_keep(head: LogHead, last: LogSegment | None, tail: Tail, keep: Keep) -> Kept:
    """Append the tail's lines; `last` is the newest segment where it is known and may grow."""
    joined = head.next == tail.first
    segments = _pack(tail, last if joined else None)
    old = [piece for piece in head.pieces if joined and piece[0] not in segments]
    pieces = _newest([*old, *(_piece(first, lines) for first, lines in segments.items())], keep)
    firsts = {piece[0] for piece in pieces}
    texts = {first: "\n".join(lines) for first, lines in segments.items() if first in firsts}
    dropped = tuple(piece[0] for piece in head.pieces if piece[0] not in firsts)
    return Kept(head.but(next=tail.next, pieces=tuple(pieces)), texts, dropped)


def _pack(tail: Tail, last: LogSegment | None) -> dict[int, list[str]]:
    """The new lines by segment, those of a growing one included."""
    segments: dict[int, list[str]] = {}
    if not tail.lines:
        return segments
    first, room = tail.first, 0
    if last is not None and len(last.text.encode()) < GROWING_BYTES:
        first, segments[last.first] = last.first, last.lines
        room = GROWING_BYTES - len(last.text.encode())
    for number, line in enumerate(tail.lines, tail.first):
        room -= line_bytes(line)
        if room < 0 or first not in segments:
            first, room = number, SEGMENT_BYTES - line_bytes(line)
            segments[first] = []
        segments[first].append(line)
    return segments


def _piece(first: int, lines: Sequence[str]) -> Piece:
    return first, len(lines), sum(map(line_bytes, lines))


def _newest(pieces: Sequence[Piece], keep: Keep) -> list[Piece]:
    """Without the oldest, as long as what is left is enough, or too much."""
    left = list(pieces)
    while len(left) > 1 and (
        sum(piece[2] for piece in left) > keep.bytes or sum(piece[1] for piece in left[1:]) >= keep.lines
    ):
        left.pop(0)
    return left
