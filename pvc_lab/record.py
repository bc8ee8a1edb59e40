"""What a lab notes about itself (lab.json), and its lock: one change at a time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pvc_core.errors import Conflict
from pvc_lab.errors import LabDown, TooSlow, UnsuitableDirectory
from pvc_lab.layout import Layout
from pvc_lab.run import wait_for

RECORD = "lab.json"
LOCKS = Path("/run/lock")


@dataclass(frozen=True)
class Record:
    """Chosen at the first `up`."""

    number: int
    size: int
    product: bool
    connection: str
    ceph: bool = False
    s3: bool = False

    def layout(self, root: Path) -> Layout:
        return Layout(root, self.number, self.size, self.ceph, self.s3)


def load(root: Path) -> Record | None:
    """The lab's record; None when there is no lab in that directory."""
    try:
        return Record(**json.loads((root / RECORD).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UnsuitableDirectory(
            f"{root / RECORD} cannot be read: {error}", "pvc-lab down clears it"
        ) from None


def require(root: Path) -> Record:
    """The record of a lab that is there; raises LabDown."""
    record = load(root)
    if record is None:
        raise LabDown(f"there is no lab in {root}")
    return record


def save(root: Path, record: Record) -> None:
    draft = root / f"{RECORD}.new"
    draft.write_text(json.dumps(asdict(record), indent=2) + "\n")
    draft.replace(root / RECORD)


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the lab's lock, or wait for it; it goes with its process, so it cannot be left behind."""
    with _locked(f"pvc-lab{str(root).replace('/', '-')}", f"another pvc-lab is changing {root}"):
        yield


@contextmanager
def machine_lock() -> Iterator[None]:
    """For the moment in which a lab chooses its number."""
    with _locked("pvc-lab", "another lab is being made"):
        yield


@contextmanager
def _locked(name: str, otherwise: str, timeout: float = 120) -> Iterator[None]:
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / name).open("w") as file:
        try:
            wait_for("the lock", lambda: _taken(file.fileno()), timeout)
        except TooSlow:
            raise Conflict(otherwise, "Wait for it, then repeat.") from None
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
