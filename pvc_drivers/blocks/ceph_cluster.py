"""One connection to a Ceph cluster, made at the first call, with a time limit on whatever it does."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rados
import rbd

from pvc_core.errors import NotFound, PvcError, StorageRefused, StorageUnavailable

RENEW_S = 10.0
"""A storage that is silent for long is not asked by a new client at every call."""

LIMITS = ("rados_mon_op_timeout", "rados_osd_op_timeout", "client_mount_timeout")


@dataclass(frozen=True)
class Access:
    """How the cluster is reached, and as whom."""

    conf: Path
    client: str
    keyring: Path
    timeout_s: float
    callers: int = 4
    """As many threads may wait for it at once."""


class CephCluster:
    """Thread-safe, as librados is."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._cluster: Any = None
        self._since = 0.0
        self._failure: tuple[float, PvcError] | None = None

    def ask_monitors(self, prefix: str, **arguments: object) -> Any:
        """The answer of the monitors."""
        return self._ask(self.connected().mon_command, prefix, arguments)

    def ask_manager(self, prefix: str, **arguments: object) -> Any:
        return self._ask(self.connected().mgr_command, prefix, arguments)

    @contextmanager
    def pool(self, name: str) -> Iterator[Any]:
        """A pool, open; raises NotFound."""
        cluster = self.connected()
        with (
            self._forgotten_if_useless(cluster),
            translated(f"pool {name}"),
            cluster.open_ioctx(name) as ioctx,
        ):
            # A full pool then refuses what needs room, instead of keeping silent, and lets things be removed.
            ioctx.set_osdmap_full_try()
            yield ioctx

    def connected(self) -> Any:
        """One attempt speaks for all who wait for it."""
        asked = time.monotonic()
        with self._lock:
            if self._failure and self._failure[0] >= asked:
                raise self._failure[1]
            if self._cluster is None:
                self._cluster, self._since = self._connect(), time.monotonic()
            return self._cluster

    def close(self) -> None:
        with self._lock:
            cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.shutdown()

    @contextmanager
    def _forgotten_if_useless(self, cluster: Any) -> Iterator[None]:
        """A client that was kept out once is so for good; a new one may be let in again.

        One that gets no answer may have missed that an OSD is gone (seen with Ceph 16.2: it asked the dead
        one for minutes while Ceph was well); a new one looks afresh.
        """
        try:
            yield
        except StorageBlocked:
            self._forget(cluster)
            raise
        except StorageUnavailable:
            if time.monotonic() - self._since > RENEW_S:
                self._forget(cluster)
            raise

    def _forget(self, cluster: Any) -> None:
        """Not shut down: other threads may be using it. It goes with the last of them."""
        with self._lock:
            if self._cluster is cluster:
                self._cluster = None

    def _connect(self) -> Any:
        access = self._access
        limits = {name: str(max(1, round(access.timeout_s))) for name in LIMITS}
        try:
            options = {"keyring": str(access.keyring), **limits}
            cluster = rados.Rados(conffile=str(access.conf), rados_id=access.client, conf=options)
            cluster.connect(timeout=access.timeout_s)
        except rados.Error as error:
            fault = StorageUnavailable(f"Ceph cannot be reached as client.{access.client}: {error}")
            self._failure = (time.monotonic(), fault)
            raise fault from None
        return cluster

    def _ask(self, command: Any, prefix: str, arguments: dict[str, object]) -> Any:
        question = json.dumps({"prefix": prefix, "format": "json", **arguments})
        with translated(prefix):
            code, out, said = command(question, b"", timeout=max(1, round(self._access.timeout_s)))
        if code:
            raise _refusal(abs(code), prefix, said or os.strerror(abs(code)))
        return json.loads(out) if out.strip() else None


class StorageBlocked(StorageUnavailable):
    """The storage keeps this client out; the next call is made by a new one, which it may let in."""

    code = "STORAGE_BLOCKED"
    default_remedy = "Its node was cut off from the storage; it is let in again once that has been undone."


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Ceph's failures as ours."""
    try:
        yield
    except (rados.ObjectNotFound, rbd.ImageNotFound):
        raise NotFound(f"there is no {what}") from None
    except (rados.Error, rbd.Error) as error:
        raise _refusal(getattr(error, "errno", None) or 0, what, str(error)) from None


def _refusal(number: int, what: str, said: str) -> PvcError:
    """Silence is not a refusal: whoever waits may look again."""
    if number == errno.ESHUTDOWN:
        return StorageBlocked(f"Ceph keeps this client out (blocklist): {what}")
    if number in (errno.ETIMEDOUT, errno.ENOTCONN):
        return StorageUnavailable(f"Ceph has not answered in time: {what}")
    if number in (errno.ENOSPC, errno.EDQUOT):
        return StorageRefused(
            f"there is no room left for {what}: {said}",
            "See `pvc storage ceph util`; remove what is not needed, raise the pool's quota, or add OSDs.",
        )
    return StorageRefused(f"Ceph refused {what}: {said}")
