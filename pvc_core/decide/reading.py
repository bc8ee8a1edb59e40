"""Which kept lines answer a reader: the newest, or those that follow a cursor."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.model.log import LogHead, LogSegment


def needed(head: LogHead, after: int | None, most: int) -> list[int]:
    """The segments to read, by the numbers of their first lines."""
    start, end = _wanted(head, after, most)
    return [first for first, count, _ in head.pieces if first < end and first + count > start]


def cut(
    head: LogHead, segments: Sequence[LogSegment], after: int | None, most: int
) -> tuple[int, tuple[str, ...]]:
    """The number of the first line, and the lines; a segment may have grown since the head was read."""
    start, _ = _wanted(head, after, most)
    lines = [line for segment in segments for line in segment.lines]
    begin = segments[0].first if segments else start
    shown = lines[max(0, start - begin) :][:most]
    return max(start, begin), tuple(shown)


def missing(first: int, after: int | None) -> int:
    """How many lines the cursor has lost."""
    return 0 if after is None else max(0, first - after)


def _wanted(head: LogHead, after: int | None, most: int) -> tuple[int, int]:
    oldest = head.pieces[0][0] if head.pieces else head.next
    start = max(oldest, head.next - most if after is None else after)
    return start, start + most
