"""How much room text takes on a terminal, and how it is made to fit; plain text, before any colour."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence

LEAST = 4
"""Text that has less room than this is left out."""

EVERYTHING = 10_000
"""The width where no terminal is: nothing is cut."""


def terminal_width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else EVERYTHING


def cells(text: str) -> int:
    """Columns of a terminal: East Asian characters take two, marks above others none."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, width: int, right: bool = False) -> str:
    space = " " * (width - cells(text))
    return space + text if right else text + space


def cut(text: str, room: int) -> str:
    """With … in place of what does not fit."""
    if cells(text) <= room:
        return text
    return f"{_head(text, room - 1)}…" if room >= LEAST else ""


def _head(text: str, room: int) -> str:
    """Its beginning, as long as it fits."""
    for index, char in enumerate(text):
        room -= _cell(char)
        if room < 0:
            return text[:index]
    return text


def wrapped(text: str, room: int, hang: int = 0) -> list[str]:
    """Lines that fit, broken between words; a word longer than a line is broken where it must be.

    Those after the first have `hang` less room: they are to be indented.
    """
    first, *others = text.lstrip(" ").split(" ")
    lines = _pieces(" " * (len(text) - len(text.lstrip(" "))) + first, room)
    for word in others:
        longer = f"{lines[-1]} {word}"
        if cells(longer) <= (room if len(lines) == 1 else room - hang):
            lines[-1] = longer
        else:
            lines += _pieces(word, room - hang)
    return lines


def _pieces(word: str, room: int) -> list[str]:
    pieces = []
    while cells(word) > room > 1:
        head = _head(word, room)
        pieces.append(head)
        word = word[len(head) :]
    return [*pieces, word]


def fitted(widths: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """The widths, the widest taken from first, until their sum fits or all are at their floors."""
    found = list(widths)
    for _ in range(sum(found) - room):
        spare = [index for index, width in enumerate(found) if width > floors[index]]
        if not spare:
            break
        found[max(spare, key=found.__getitem__)] -= 1
    return found
