"""Following a file, whatever happens to it: every line once, in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.tail import (
    FAR_BEHIND_BYTES,
    MAX_LINE_BYTES,
    Look,
    Tail,
    decide_look,
    feed,
    line_bytes,
    readable,
)
from pvc_core.model.log import FileMark, Keep, Place

KEEP = Keep(lines=1000, bytes=65536)
LOG = "/var/log/libvirt/vm1.log"


class File:
    """What a guest writes to, and who follows it."""

    def __init__(self, keep: Keep = KEEP) -> None:
        self.inode, self.data, self.keep = 1, b"", keep
        self.old: tuple[int, bytes] | None = None
        self.tail = Tail()
        self.got: list[str] = []

    def follow(self, chunk: int = 1 << 20) -> list[str]:
        for _ in range(1000):
            old = FileMark(f"{LOG}.0", self.old[0], len(self.old[1])) if self.old else None
            current = FileMark(LOG, self.inode, len(self.data))
            look = decide_look(self.tail.place, current, old, self.keep.bytes)
            if look is None:
                break
            source = self.data if look.file.inode == self.inode else self.old[1] if self.old else b""
            before = self.tail
            self.tail = feed(self.tail, look, source[look.start : look.start + chunk], self.keep)
            if self.tail == before:
                break
        new, self.tail = self.tail.lines, Tail(self.tail.place, self.tail.rest, self.tail.next)
        self.got += new
        return list(new)

    def rotate(self) -> None:
        self.old = (self.inode, self.data)
        self.inode, self.data = self.inode + 1, b""


def test_lines_come_once_and_halves_wait_for_their_ends() -> None:
    file = File()
    file.data = b"one\r\ntwo\r\nthr"
    assert file.follow() == ["one", "two"]
    assert file.tail.rest == b"thr"
    file.data += b"ee\n"
    assert file.follow() == ["three"]
    assert file.follow() == []
    assert file.tail.next == 3


def test_a_file_cut_to_nothing_is_read_from_its_start() -> None:
    file = File()
    file.data = b"a long first line\n"
    file.follow()
    file.data = b"new\n"
    assert file.follow() == ["new"]


def test_a_file_cut_and_grown_beyond_where_we_were_is_not_taken_for_the_old_one() -> None:
    file = File()
    file.data = b"first boot\n"
    file.follow()
    file.data = b"second boot\nmore of it than before\n"
    assert file.follow() == ["second boot", "more of it than before"]


def test_a_renamed_file_is_read_to_its_end_before_the_new_one() -> None:
    file = File()
    file.data = b"1\n2\n"
    file.follow()
    file.data += b"3\nha"
    file.rotate()
    file.data = b"lf\n5\n"
    assert file.follow() == ["3", "half", "5"]


def test_a_file_that_is_not_there_is_nothing() -> None:
    assert decide_look(None, None, None, 100) is None
    assert decide_look(Place(inode=1, offset=5), None, None, 100) is None


def test_the_first_look_begins_near_the_end() -> None:
    look = decide_look(None, FileMark(LOG, 1, 10_000), None, 1000)
    assert look is not None and look.place.offset == 9000


def test_who_is_far_behind_skips_and_says_so() -> None:
    size = FAR_BEHIND_BYTES + 5000
    look = decide_look(Place(inode=1, offset=100, before="xy"), FileMark(LOG, 1, size), None, 1000)
    assert look is not None and look.place.offset == size - MAX_LINE_BYTES and not look.place.before
    tail = feed(Tail(Place(inode=1, offset=100)), look, b"end\n", KEEP)
    assert tail.lines == (f"[{look.skipped} bytes were skipped]", "end")


def test_a_line_without_end_is_cut_and_nothing_of_it_lost() -> None:
    file = File()
    file.data = b"x" * (MAX_LINE_BYTES * 2 + 10) + b"\n"
    lines = file.follow()
    assert [len(line) for line in lines] == [MAX_LINE_BYTES, MAX_LINE_BYTES, 10]


def test_a_cut_falls_between_characters() -> None:
    file = File()
    file.data = b"a" + "é".encode() * MAX_LINE_BYTES + b"\n"
    assert "".join(file.follow()) == "a" + "é" * MAX_LINE_BYTES


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        (b"tab\there", "tab\there"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1bPsome device string\x1b\\text", "text"),
        (b"10%\r20%\r\r", "10% 20%"),
        (b"bell\x07\x00\x7f", "bell"),
        (b"\xff\xfe ok", "\ufffd\ufffd ok"),
        ("right\u202eto left".encode(), "rightto left"),
        (b"\xc2\x9b31mC1", "31mC1"),
    ],
)
def test_no_terminal_obeys_a_line(raw: bytes, shown: str) -> None:
    assert readable(raw) == shown


@given(st.binary(max_size=300))
def test_binary_rubbish_is_always_printable(raw: bytes) -> None:
    assert all(char.isprintable() or char == "\t" for char in readable(raw))


def test_only_as_much_waits_as_is_kept_and_the_rest_is_counted() -> None:
    file = File(Keep(lines=10, bytes=65536))
    file.data = b"".join(b"%d\n" % number for number in range(100))
    assert file.follow() == [str(number) for number in range(90, 100)]
    assert file.tail.next == 100
    small = File(Keep(lines=1000, bytes=50))
    small.follow()
    small.data = b"0123456789\n" * 20
    assert sum(map(line_bytes, small.follow())) <= 50
    assert small.tail.next == 20


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.sampled_from(["look", "rotate", "write"])), max_size=30),
    st.integers(min_value=49, max_value=200),
)
def test_however_it_is_cut_up_the_lines_are_those_of_the_whole(
    steps: list[tuple[bytes, str]], chunk: int
) -> None:
    """The stream goes on through rotations, if somebody looks between two of them."""
    file, whole = File(), b""
    for data, step in steps:
        file.data += data
        whole += data
        if step != "write":
            file.follow(chunk)
        if step == "rotate":
            file.rotate()
            file.follow(chunk)
    file.follow(chunk)
    assert file.got == [readable(line) for line in whole.split(b"\n")[:-1]]
    assert file.tail.next == len(file.got)


def test_what_will_not_be_kept_is_counted_all_the_same() -> None:
    file = File(Keep(lines=1000, bytes=1000))
    file.data = b"begun "
    file.follow()
    file.data += b"".join(b"line %d\n" % number for number in range(5000)) + b"half"
    kept = file.follow(chunk=777)
    assert file.tail.next == 5000 and file.tail.rest == b"half"
    assert kept == [f"line {number}" for number in range(5000 - len(kept), 5000)] and len(kept) > 50


def test_what_stands_before_the_place_is_compared() -> None:
    look = Look(FileMark(LOG, 1, 20), Place(inode=1, offset=10, before="abc"))
    tail = feed(Tail(look.place, b"", 4), look, b"xyz new\n", KEEP)
    assert tail.place == Place(inode=1, offset=0) and tail.lines == () and tail.next == 4
