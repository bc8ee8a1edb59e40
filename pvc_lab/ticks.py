"""Did a guest lose a tick? The console logs of all nodes, read together.

A guest counts aloud on its console: `tick BOOT N;`. Its log is on the node it ran on at the time; when it
migrates in the middle of a line, the first half is in one file and the second half in another.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pvc_lab.layout import Layout

TICK = re.compile(r"tick ([0-9a-f]{12}) ([0-9]+);")


@dataclass(frozen=True)
class Boot:
    """What one boot of a guest left behind; `nodes` in the order of its ticks."""

    id: str
    nodes: list[str]
    first: int
    last: int
    gaps: list[int]
    doubled: list[int]

    @property
    def whole(self) -> bool:
        """Every tick once: nothing lost, never two copies at a time."""
        return not self.gaps and not self.doubled


@dataclass(frozen=True)
class Ticks:
    """All boots of one guest, the latest last: their ids begin with the time of the boot."""

    guest: str
    boots: list[Boot]

    @property
    def whole(self) -> bool:
        """One boot, and every tick of it once."""
        return len(self.boots) == 1 and self.boots[0].whole


def read_ticks(layout: Layout, guest: str) -> Ticks:
    """The ticks of that guest on all nodes, powered off or not."""
    return parse(guest, console_texts(layout, guest))


def console_texts(layout: Layout, guest: str) -> dict[str, str]:
    """What the guest printed, by node."""
    files = {node.name: node.log / "libvirt" / f"{guest}.log" for node in layout.nodes}
    return {name: _read(path) for name, path in files.items() if path.exists()}


def known_guests(layout: Layout) -> list[str]:
    """Every guest that ever had a console on a node."""
    logs = (path for node in layout.nodes for path in (node.log / "libvirt").glob("*.log"))
    return sorted({path.stem for path in logs})


def parse(guest: str, texts: Mapping[str, str]) -> Ticks:
    """The ticks in the console logs, by node."""
    seen: dict[str, list[tuple[int, str]]] = {}
    for node, text in texts.items():
        for match in TICK.finditer(text):
            seen.setdefault(match[1], []).append((int(match[2]), node))
    rests = [_rest(text) for text in texts.values()]
    return Ticks(guest, [_boot(boot, sorted(seen[boot]), rests) for boot in sorted(seen)])


def as_json(found: list[Ticks]) -> str:
    records = [
        {"guest": one.guest, "whole": one.whole, "boots": [vars(boot) for boot in one.boots]} for one in found
    ]
    return json.dumps(records, indent=2)


def as_text(found: list[Ticks]) -> str:
    """One line per boot of each guest."""
    return "\n".join(line for one in found for line in _lines(one)) or "No guest has ticked yet."


def _lines(one: Ticks) -> list[str]:
    if not one.boots:
        return [f"{one.guest}: no tick seen"]
    count = f"{len(one.boots)} boot{'s' if len(one.boots) > 1 else ''}"
    return [f"{one.guest} ({count}): {_sentence(boot)}" for boot in one.boots]


def _sentence(boot: Boot) -> str:
    lost = f"{len(boot.gaps)} LOST {boot.gaps[:5]}" if boot.gaps else "none lost"
    double = f", {len(boot.doubled)} TWICE {boot.doubled[:5]}" if boot.doubled else ""
    return f"boot {boot.id} on {' > '.join(boot.nodes)}, ticks {boot.first} to {boot.last}, {lost}{double}"


def _boot(boot: str, ticks: list[tuple[int, str]], rests: list[list[str]]) -> Boot:
    counts = Counter(number for number, _ in ticks)
    first, last = ticks[0][0], ticks[-1][0]
    missing = [number for number in range(first, last) if number not in counts]
    gaps = [number for number in missing if not _torn(f"tick {boot} {number};", rests)]
    doubled = [number for number, count in counts.items() if count > 1]
    return Boot(boot, _journey(ticks), first, last, gaps, doubled)


def _journey(ticks: list[tuple[int, str]]) -> list[str]:
    nodes = [node for _, node in ticks]
    return [node for at, node in enumerate(nodes) if at == 0 or nodes[at - 1] != node]


def _rest(text: str) -> list[str]:
    """What is left of a log without its whole ticks."""
    return [line for line in TICK.sub("\n", text).splitlines() if line]


def _torn(tick: str, rests: list[list[str]]) -> bool:
    """Is the tick there after all, its head at the end of one file's part, its tail in another file?"""
    pairs = [(one, other) for one in rests for other in rests if one is not other]
    halves = [(tick[:cut], tick[cut:]) for cut in range(1, len(tick))]
    return any(_begins(one, head) and _ends(other, tail) for one, other in pairs for head, tail in halves)


def _begins(rest: list[str], head: str) -> bool:
    return any(line.startswith(head) for line in rest)


def _ends(rest: list[str], tail: str) -> bool:
    return any(line.endswith(tail) for line in rest)


def _read(path: Path) -> str:
    return path.read_text(errors="replace")
