"""docs/states.md's part on VMs, from the table that decides.

Write it anew with `python -m pvc_core.decide.states_document`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pvc_core.decide.transitions import CELLS, REFUSALS, Act, Seen
from pvc_core.model.vm import Wanted

BEGIN, END = "<!-- begin of the table of VM states -->", "<!-- end of the table of VM states -->"

AFTER: dict[Act, Wanted] = {
    Act.START: Wanted.START,
    Act.SHUTDOWN: Wanted.STOP,
    Act.STOP: Wanted.STOP,
    Act.RESTART: Wanted.START,
    Act.DISABLE: Wanted.DISABLE,
    Act.DISABLE_FORCE: Wanted.DISABLE,
}
"""What is wanted of a VM once an admin's request was carried out; the others leave that as it is."""

WORDS = {act: act.removesuffix("!") + (" --force" if act.endswith("!") else "") for act in Act}


def render() -> str:
    return "\n".join([*_diagram(), "", *_table(), "", *_refusals(), ""])


def drawn() -> dict[tuple[Wanted, Wanted], list[str]]:
    """The arrows between what is wanted, with the commands that take them."""
    arrows: dict[tuple[Wanted, Wanted], list[str]] = {}
    for act, after in AFTER.items():
        for before in Wanted:
            if before is not after and any(CELLS.get((before, seen, act)) == "yes" for seen in Seen):
                arrows.setdefault((before, after), []).append(WORDS[act])
    return arrows


def replaced(document: str) -> str:
    """The document with the part between its marks as it should be."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{render()}{END}{tail}"


def _diagram() -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2", "    [*] --> stop: define")
    for (before, after), words in sorted(drawn().items()):
        yield f"    {before} --> {after}: {', '.join(words)}"
    yield from ("    start --> stop: its guest powers itself off, or crashes too often", "```")


def _table() -> Iterator[str]:
    yield f"| wanted | seen | {' | '.join(WORDS[act] for act in Act)} |"
    yield "|---|---|" + "---|" * len(Act)
    for wanted, seen in dict.fromkeys((wanted, seen) for wanted, seen, _ in CELLS):
        yield f"| {wanted} | {seen} | {' | '.join(CELLS[wanted, seen, act] for act in Act)} |"


def _refusals() -> Iterator[str]:
    yield from ("| refusal | code | in words | remedy |", "|---|---|---|---|")
    for name, refusal in REFUSALS.items():
        words = [text.format(vm="VM", node="NODE") for text in (refusal.sentence, refusal.remedy)]
        yield f"| {name} | {refusal.error.code} | {' | '.join(words)} |"


if __name__ == "__main__":
    sys.stdout.write(replaced(sys.stdin.read()))
