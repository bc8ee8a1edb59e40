"""What is kept of a log, and who may keep it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.keeping import GROWING_BYTES, SEGMENT_BYTES, plan_keep
from pvc_core.decide.reading import cut, missing, needed
from pvc_core.decide.tail import Tail, line_bytes
from pvc_core.model.log import Keep, LogHead, LogSegment


class Shelf:
    """A tree for one log."""

    def __init__(self, keep: Keep) -> None:
        self.keep, self.head = keep, LogHead(holder="hv1")
        self.segments: dict[int, str] = {}
        self.written = 0

    def append(self, *lines: str, skipped: int = 0) -> None:
        last = (
            LogSegment(first=max(self.segments), text=self.segments[max(self.segments)])
            if self.segments
            else None
        )
        tail = Tail(next=self.head.next + skipped + len(lines), lines=lines)
        kept = plan_keep(self.head, last, tail, self.keep)
        self.head = kept.head
        for first, text in kept.texts.items():
            self.segments[first] = text
            self.written += len(text.encode())
        for first in kept.dropped:
            del self.segments[first]

    def read(self, after: int | None, most: int = 10_000) -> tuple[int, tuple[str, ...], int]:
        found = [
            LogSegment(first=first, text=self.segments[first]) for first in needed(self.head, after, most)
        ]
        first, lines = cut(self.head, found, after, most)
        return first, lines, missing(first, after)


def test_small_segments_grow_and_large_ones_are_followed_by_others() -> None:
    shelf = Shelf(Keep(1000, 65536))
    shelf.append("one")
    shelf.append("two", "")
    assert shelf.segments == {0: "one\ntwo\n"}
    shelf.append("x" * GROWING_BYTES)
    shelf.append("y")
    assert sorted(shelf.segments) == [0, 3, 4]
    assert shelf.read(None) == (0, ("one", "two", "", "x" * GROWING_BYTES, "y"), 0)


def test_many_lines_at_once_make_segments_of_bounded_size() -> None:
    shelf = Shelf(Keep(1000, 65536))
    shelf.append(*["z" * 99] * 600)
    assert max(len(text) for text in shelf.segments.values()) <= SEGMENT_BYTES
    assert len(shelf.read(None)[1]) == 600


def test_the_oldest_go_when_enough_is_left_or_it_is_too_much() -> None:
    few = Shelf(Keep(3, 65536))
    for number in range(50):
        few.append("w" * 1500 + str(number))
    assert len(few.read(None, 3)[1]) == 3 and len(few.segments) < 6
    much = Shelf(Keep(10_000, 65536))
    for _ in range(50):
        much.append(*["v" * 4000] * 3)
    assert sum(len(text) for text in much.segments.values()) <= 65536


def test_a_gap_in_the_numbers_is_said_and_nothing_before_it_kept() -> None:
    shelf = Shelf(Keep(1000, 65536))
    shelf.append("old")
    shelf.append("new", skipped=41)
    assert shelf.read(1) == (42, ("new",), 41)
    assert shelf.read(None) == (42, ("new",), 0)


def test_a_cursor_at_the_end_gets_nothing_and_has_lost_nothing() -> None:
    shelf = Shelf(Keep(1000, 65536))
    shelf.append("a", "b")
    assert shelf.read(2) == (2, (), 0)
    assert shelf.read(1, 1) == (1, ("b",), 0)
    assert shelf.read(0, 1) == (0, ("a",), 0)


@given(
    st.lists(st.lists(st.text(alphabet="ab\u00e9 ", max_size=300), max_size=30), max_size=40),
    st.integers(1, 50),
    st.integers(1, 7),
)
def test_a_cursor_sees_every_line_once_or_is_told_how_many_it_missed(
    appends: list[list[str]], lines: int, every: int
) -> None:
    shelf, said, seen, cursor, lost = Shelf(Keep(lines, 16384)), 0, [], 0, 0
    for number, batch in enumerate(appends):
        shelf.append(*(f"{said + at} {line}" for at, line in enumerate(batch)))
        said += len(batch)
        if number % every == 0:
            first, got, missed = shelf.read(cursor)
            assert first == cursor + missed
            seen += got
            cursor, lost = first + len(got), lost + missed
        size = sum(line_bytes(line) for text in shelf.segments.values() for line in text.split("\n"))
        assert size <= 16384 or len(shelf.segments) == 1
    first, got, missed = shelf.read(cursor)
    seen += got
    assert len(seen) + lost + missed == said
    numbers = [int(line.split(" ")[0]) for line in seen]
    assert numbers == sorted(set(numbers))
    assert len(shelf.read(None, lines)[1]) == min(lines, said) or len(shelf.segments) > 1


def test_the_cost_of_growing_is_bounded() -> None:
    """Who is followed keeps each line at once."""
    shelf = Shelf(Keep(1000, 65536))
    for _ in range(500):
        shelf.append("k" * 50)
    assert shelf.written / 500 <= GROWING_BYTES
