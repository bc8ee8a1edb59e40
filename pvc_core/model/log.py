"""Followed logs: a guest's console, a worker's own log; the last lines of each, kept in increments."""

from __future__ import annotations

from dataclasses import dataclass

from pvc_core.model.names import NodeName
from pvc_core.model.record import Record


@dataclass(frozen=True)
class FileMark:
    """A log file as seen at one moment."""

    path: str
    inode: int
    size: int


@dataclass(frozen=True)
class Keep:
    """How much of a log is kept: so many lines, and no more than so many bytes."""

    lines: int
    bytes: int


class Place(Record):
    """How far a node has read its file."""

    inode: int
    offset: int
    before: str = ""
    """The last bytes read (as Latin-1): should others stand there, it is not the same file any more."""


Piece = tuple[int, int, int]
"""Of a segment: the number of its first line, how many lines, how many bytes."""


class LogHead(Record):
    """What there is of a log; every append is compared with its version."""

    next: int = 0
    """The number of the line to come: all are counted, whoever kept them, for as long as the log lives."""
    pieces: tuple[Piece, ...] = ()
    holder: NodeName
    """The node whose agent appends."""
    turn: int = 0
    """The guest's stay (see `VmPlace.stays`) whose lines are being appended: they are, stay by stay."""
    closed: bool = False
    """All of that stay has been read: it is the next one's turn."""
    rest: str = ""
    """The beginning of a line (bytes as Latin-1) whose end has not been seen."""
    places: dict[NodeName, Place] = {}
    owed: tuple[NodeName, ...] = ()
    """Nodes that were not waited for: what they have not appended yet comes late."""
    heard: str = ""
    """The last reader's mark that was answered: until then all that was printed is here."""


class LogSegment(Record):
    """Some consecutive lines."""

    first: int
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


class FollowMark(Record):
    """Somebody reads this log: its lines are wanted soon. It is stale once `beat` no longer changes."""

    token: str
    beat: int = 0


class LogView(Record):
    """Lines of a log; `next` is the cursor to ask on with."""

    name: str
    """Of the VM or node."""
    id: str
    """Its UUID, or the node's name: what does not change while it is followed."""
    first: int
    """The number of the first line shown."""
    lines: tuple[str, ...] = ()
    next: int
    lost: int = 0
    """Lines between the cursor and the first one shown, which are no longer kept."""
    partial: str = ""
    """The beginning of a line that has not ended yet."""
    note: str = ""
    """Why there may be nothing to see, or nothing new."""
