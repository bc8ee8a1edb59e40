"""Disks by Debian's own programs: wipefs, lsblk, ceph-volume."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from pvc_core.errors import NotFound, StorageRefused, StorageUnavailable
from pvc_core.model.storage import OsdMark
from pvc_drivers.disks.port import Disk

LOOK_S = 20
WIPE_S = 45
MAKE_S = 300
SAID = 400
"""Characters of a program's complaint that are passed on."""
SYSTEMD = Path("/run/systemd/system")
WANTED = Path("/etc/systemd/system/multi-user.target.wants")
"""What is started at boot."""
OSDS = Path("/var/lib/ceph/osd")


class ProgramDisks:
    """Obeys `Disks`.

    ceph-volume outlives a worker that is killed; the lock it inherits tells that it is still at work.
    """

    patience_s = MAKE_S

    def __init__(self, form: Literal["lvm", "raw"], lock: Path) -> None:
        self.form, self.lock = form, lock

    def look(self, device: str) -> Disk:
        if not Path(device).is_block_device():
            raise NotFound(f"there is no block device {device} on this node", "See `lsblk` there.")
        signatures = _read(["wipefs", "--json", "--no-act", device], LOOK_S).get("signatures", [])
        columns = "PATH,TYPE,SIZE,RO,MOUNTPOINTS"
        found = _read(["lsblk", "--json", "--bytes", "--paths", "-o", columns, device], LOOK_S)
        return describe(device, found["blockdevices"][0], signatures)

    def osd_on(self, device: str) -> OsdMark | None:
        """Both forms have the same label; only what is asked for it differs."""
        with self._alone() as lock:
            mark = read_raw(_parsed(_run(["ceph-volume", "raw", "list", device], LOOK_S, lock)))
            if mark is None and self.form == "lvm":
                said = _run(["ceph-volume", "lvm", "list", "--format", "json"], LOOK_S, lock)
                mark = read_lvm(_parsed(said), device)
        return mark

    def wipe(self, device: str) -> None:
        more = ["--destroy"] if self.form == "lvm" else []
        with self._alone() as lock:
            _run(["ceph-volume", "lvm", "zap", *more, device], WIPE_S, lock)
            _run(["wipefs", "--all", device], LOOK_S, lock)

    def make_osd(self, device: str, device_class: str | None, osd: int | None = None) -> int:
        """`lvm create` starts it too; `raw prepare` leaves that to `start_osd`.

        Where ceph-volume gives up, it purges the OSD, also one whose number it was given.
        """
        verb = ["lvm", "create"] if self.form == "lvm" else ["raw", "prepare", "--no-tmpfs"]
        more = ["--crush-device-class", device_class] if device_class else []
        more += [] if osd is None else ["--osd-id", str(osd)]
        with self._alone() as lock:
            _run(["ceph-volume", *verb, "--bluestore", "--data", device, *more], MAKE_S, lock)
        made = self.osd_on(device)
        if made is None:
            raise StorageRefused(f"ceph-volume was content, but there is no OSD on {device}")
        return made.osd

    def forget_osd(self, osd: int) -> None:
        """ceph-volume stops where another's directory is, and systemd starts none that has failed often."""
        home = OSDS / f"ceph-{osd}"
        with self._alone():
            if SYSTEMD.exists():
                _end_units(f"ceph-osd@{osd}.service", *_activations(osd))
            while os.path.ismount(home):
                _run(["umount", str(home)], LOOK_S)
            shutil.rmtree(home, ignore_errors=True)

    def start_osd(self, osd: int) -> None:
        if SYSTEMD.exists():
            _run(["systemctl", "enable", "--now", f"ceph-osd@{osd}"], LOOK_S)
        elif not _runs(OSDS / f"ceph-{osd}"):
            _run(["ceph-osd", "-i", str(osd)], LOOK_S, quiet=True)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StorageUnavailable("ceph-volume is still at work on this node") from None
            yield file.fileno()


def describe(device: str, found: dict[str, Any], signatures: Sequence[dict[str, Any]]) -> Disk:
    """From lsblk and wipefs."""
    parts = [part["path"] for part in found.get("children", [])]
    traces = [f"a {one['type']} signature" for one in signatures]
    traces += [f"{part} on it" for part in parts]
    mounts = [where for one in _with_children(found) for where in one.get("mountpoints") or () if where]
    holders = [f"it is mounted at {where}" for where in mounts]
    holders += ["it can only be read"] if found.get("ro") else []
    return Disk(device, int(found["size"]), tuple(dict.fromkeys(traces)), tuple(holders))


def read_raw(found: dict[str, Any]) -> OsdMark | None:
    """From `ceph-volume raw list DEVICE`."""
    whole = (one for one in found.values() if "osd_id" in one)
    return next((_mark(one["osd_id"], one.get("osd_uuid"), one.get("ceph_fsid")) for one in whole), None)


def read_lvm(found: dict[str, Any], device: str) -> OsdMark | None:
    """From `ceph-volume lvm list`, which has the OSDs of two clusters side by side under one number."""
    there = ((number, part) for number, parts in found.items() for part in parts)
    for number, part in there:
        if device in part.get("devices", ()):
            tags = part.get("tags", {})
            return _mark(number, tags.get("ceph.osd_fsid"), tags.get("ceph.cluster_fsid"))
    return None


def _mark(number: Any, uuid: str | None, cluster: str | None) -> OsdMark:
    return OsdMark(osd=int(number), uuid=uuid or "", cluster=cluster or "")


def _with_children(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield found
    for child in found.get("children", []):
        yield from _with_children(child)


def _runs(home: Path) -> bool:
    """A daemon has its directory's `fsid` locked."""
    try:
        with (home / "fsid").open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):
        return True
    return False


def _activations(osd: int) -> list[str]:
    """By which ceph-volume would start it from its old disk."""
    return sorted(path.name for path in WANTED.glob(f"ceph-volume@lvm-{osd}-*"))


def _end_units(*units: str) -> None:
    """Those that systemd does not know have ended."""
    for unit in units:
        for verb in (["disable", "--now"], ["reset-failed"]):
            with suppress(StorageRefused):
                _run(["systemctl", *verb, unit], LOOK_S)


def _read(argv: Sequence[str], limit_s: float) -> dict[str, Any]:
    return _parsed(_run(argv, limit_s))


def _parsed(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said) if said.strip() else {}
    return found


def _run(argv: Sequence[str], limit_s: float, lock: int | None = None, quiet: bool = False) -> str:
    """A daemon would hold on to the pipes: nothing is read of it where it is to be `quiet`."""
    output: Any = subprocess.DEVNULL if quiet else subprocess.PIPE
    kept = () if lock is None else (lock,)
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True, timeout=limit_s,
            check=False, pass_fds=kept, start_new_session=True, env=dict(os.environ), cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StorageUnavailable(f"{argv[0]} has not ended within {limit_s:.0f} s") from None
    except OSError as error:
        raise StorageRefused(
            f"{argv[0]} cannot be run: {error.strerror}", "Install its package: ceph-osd, or util-linux."
        ) from None
    if done.returncode:
        raise StorageRefused(f"`{' '.join(argv[:3])}` failed: {(done.stderr or '')[-SAID:].strip()}")
    return done.stdout or ""
