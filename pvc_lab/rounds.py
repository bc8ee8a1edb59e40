"""Did a guest's disk keep what it promised? The console logs of all nodes, read together.

A guest with a disk says at boot what it finds, slot by slot (`found BOOT SLOT ROUND;`), then tells each
round the disk has called safe (`round BOOT ROUND SPOILT;`). A power cut may take the round that was being
written, never one that was told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from pvc_lab.layout import Layout
from pvc_lab.ticks import console_texts

SLOTS = 8
FOUND = re.compile(r"found ([0-9a-f]{12}) ([0-9]) ([a-z0-9]+);")
ROUND = re.compile(r"round ([0-9a-f]{12}) ([0-9]+) ([0-9]+);")
REFUSED = re.compile(r"refused ([0-9a-f]{12}) ([0-9]+);")


@dataclass(frozen=True)
class Session:
    """What one boot of a guest did with its disk; `lost` are the slots that should hold something else."""

    boot: str
    nodes: list[str]
    first: int
    last: int
    spoilt: int
    refused: int
    lost: list[str]

    @property
    def whole(self) -> bool:
        return not self.spoilt and not self.lost


@dataclass(frozen=True)
class Rounds:
    """All that one guest wrote, boot by boot."""

    guest: str
    sessions: list[Session]

    @property
    def whole(self) -> bool:
        """Something was written, and all that was told as safe was found again."""
        return self.last > 0 and all(session.whole for session in self.sessions)

    @property
    def last(self) -> int:
        """The last round told on the console."""
        return max((session.last for session in self.sessions), default=0)


def read_rounds(layout: Layout, guest: str) -> Rounds:
    """The rounds of that guest on all nodes, powered off or not."""
    return parse(guest, console_texts(layout, guest))


def parse(guest: str, texts: Mapping[str, str]) -> Rounds:
    """The rounds in the console logs, by node."""
    boots = sorted(
        {match[1] for text in texts.values() for match in (*ROUND.finditer(text), *FOUND.finditer(text))}
    )
    sessions: list[Session] = []
    for boot in boots:
        told = max((session.last for session in sessions), default=0)
        sessions.append(_session(boot, texts, told))
    return Rounds(guest, sessions)


def as_json(found: list[Rounds]) -> str:
    records = [
        {
            "guest": one.guest,
            "whole": one.whole,
            "last": one.last,
            "sessions": [asdict(s) for s in one.sessions],
        }
        for one in found
    ]
    return json.dumps(records, indent=2)


def as_text(found: list[Rounds]) -> str:
    """One line per boot of each guest."""
    return "\n".join(line for one in found for line in _lines(one))


def _lines(one: Rounds) -> list[str]:
    return [f"{one.guest}: {_sentence(session)}" for session in one.sessions] or [
        f"{one.guest}: no round seen"
    ]


def _sentence(session: Session) -> str:
    where = " > ".join(session.nodes)
    spoilt = f"{session.spoilt} SPOILT" if session.spoilt else "none spoilt"
    lost = f"LOST: {', '.join(session.lost)}" if session.lost else "none lost"
    refused = f", {session.refused} writes refused" if session.refused else ""
    return (
        f"boot {session.boot} on {where}, rounds {session.first} to {session.last}, {spoilt}, {lost}{refused}"
    )


def _session(boot: str, texts: Mapping[str, str], told: int) -> Session:
    told_here = sorted((int(match[2]), int(match[3]), node) for node, match in _of(ROUND, boot, texts))
    slots = {int(match[2]): match[3] for _, match in _of(FOUND, boot, texts)}
    numbers = [number for number, _, _ in told_here]
    return Session(
        boot,
        list(dict.fromkeys(node for _, _, node in told_here)),
        min(numbers, default=0),
        max(numbers, default=0),
        max((spoilt for _, spoilt, _ in told_here), default=0),
        len(list(_of(REFUSED, boot, texts))),
        [fault for slot in range(SLOTS) if (fault := _fault(slot, slots.get(slot), told))],
    )


def _fault(slot: int, found: str | None, told: int) -> str:
    """What is wrong with a slot, if `told` is the last round that was promised."""
    if found is None:
        return "" if not told else f"slot {slot} was not read"
    due = told - (told - slot) % SLOTS
    allowed = {str(max(due, 0))}
    if (told + 1) % SLOTS == slot:
        # The next round may have been under way: the slot holds it, or half of it, or what was there before.
        allowed |= {str(told + 1), "torn"}
    return "" if found in allowed else f"slot {slot} holds {found}, not {max(due, 0)}"


def _of(pattern: re.Pattern[str], boot: str, texts: Mapping[str, str]) -> Iterable[tuple[str, re.Match[str]]]:
    return (
        (node, match) for node, text in texts.items() for match in pattern.finditer(text) if match[1] == boot
    )
