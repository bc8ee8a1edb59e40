"""Snapshots that belong to something else, by their names; and proper names for those that have none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pvc_core.errors import WrongState
from pvc_core.model.names import VOLUME_NAME_PATTERN

OF_CLONE = "clone."
OF_VM = "vm."
LONGEST = 63


class SnapshotReserved(WrongState):
    code = "SNAPSHOT_RESERVED"


@dataclass(frozen=True)
class Tie:
    """What a clone shares its data with."""

    pool: str
    volume: str
    snapshot: str

    @property
    def path(self) -> str:
        return f"{self.pool}/{self.volume}@{self.snapshot}"

    @property
    def made_for_clone(self) -> bool:
        return self.snapshot.startswith(OF_CLONE)


def name_for_clone(job: str) -> str:
    """The same for the same task, whoever resumes it; nobody else's."""
    return f"{OF_CLONE}{job[16:24]}"


def parse_tie(parent: str) -> Tie | None:
    """Of POOL/VOLUME@SNAPSHOT; None of nothing, and of names that are not PVC's."""
    pool, _, rest = parent.partition("/")
    volume, _, snapshot = rest.rpartition("@")
    return Tie(pool, volume, snapshot) if all(is_proper(part) for part in (pool, volume, snapshot)) else None


def is_proper(name: str) -> bool:
    return re.fullmatch(VOLUME_NAME_PATTERN, name) is not None


def check_name_free(name: str) -> None:
    """Raises SnapshotReserved for a name by which PVC would take it for its own."""
    if name.startswith((OF_CLONE, OF_VM)):
        raise SnapshotReserved(
            f"snapshots called {OF_CLONE}… and {OF_VM}… are PVC's own", "Choose another name."
        )


def check_not_of_vm(volume: str, names: Iterable[str], to: str) -> None:
    """Raises SnapshotReserved: the snapshot of a VM knows its parts by their names."""
    found = [name for name in names if name.startswith(OF_VM)]
    if found:
        raise SnapshotReserved(
            f"cannot {to} {volume}: {', '.join(found)} is part of a VM's snapshot",
            "Remove that first: pvc vm snapshot list VM",
        )


def plan_proper_names(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each improper name, and what it gets: dashes for what cannot be, a number if that is taken."""
    known = list(names)
    taken = {name for name in known if is_proper(name)}
    for name in known:
        if not is_proper(name):
            new = _free(re.sub(r"[^A-Za-z0-9._-]", "-", name), taken)
            taken.add(new)
            yield name, new


def _free(wish: str, taken: set[str]) -> str:
    first = wish if is_proper(wish[:1]) else f"_{wish}"
    tails = ("", *(f"-{number}" for number in range(2, len(taken) + 3)))
    return next(name for tail in tails if (name := first[: LONGEST - len(tail)] + tail) not in taken)
