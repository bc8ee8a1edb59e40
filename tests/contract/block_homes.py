"""Two ways to have block storage: in memory, and a lab with three nodes' monitors and OSDs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pvc_core.errors import StorageUnavailable
from pvc_core.model.storage import Hidden
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.blocks.port import Blocks

LAB = Path(os.environ.get("PVC_TEST_LAB", "/tmp/pvc-lab")).with_name(f"pvc-blocks-{os.getpid()}")
PVC_LAB = Path(sys.executable).parent / "pvc-lab"
TIMEOUT_S = 2.0
FOUND_AGAIN_S = 60.0
# Not one: an OSD that is the only copy may stay laggy for good after a stop (seen with Ceph 16.2).
NODES = ("hv1", "hv2", "hv3")
# Its address, once it has written; then it waits to be killed.
WRITER = """
import os, sys, rados, rbd
conf, name = sys.argv[1:]
keyring = os.path.join(os.path.dirname(conf), "ceph.client.api.keyring")
cluster = rados.Rados(conffile=conf, rados_id="api", conf={"keyring": keyring})
cluster.connect(timeout=20)
image = rbd.Image(cluster.open_ioctx("vms"), name)
image.write(b"mine", 0)
image.flush()
print([one["addr"] for one in image.watchers_list()][0], flush=True)
sys.stdin.read()
os._exit(0)
"""


class Home(Protocol):
    """Storage with an empty pool `vms`, and what surrounds it."""

    blocks: Blocks
    others: Blocks
    """The same, as another client of it."""

    def add_volume(self, name: str, size: int) -> None: ...
    def add_snapshot(self, volume: str, name: str) -> None: ...
    def clone(self, volume: str, snapshot: str, name: str) -> None: ...
    def put_in_trash(self, name: str) -> None: ...
    def open_volume(self, name: str) -> None:
        """Somebody has it open, until `close_volume`."""

    def close_volume(self) -> None: ...
    def lock_volume(self, name: str) -> str:
        """Another process has it open and writes to it, so that it has its lock; that client's address."""

    def set_quota(self, size: int) -> None:
        """Of the pool; 0 for none."""

    def hang(self) -> None:
        """The OSDs say nothing any more."""

    def fall_silent(self) -> None:
        """Neither do the monitors."""

    def go_on(self) -> None: ...
    def close(self) -> None: ...


class FakeHome:
    def __init__(self) -> None:
        self.blocks = self.others = self._fake = FakeBlocks()
        self._fake.add_pool("vms")
        self._open = ""
        self._addresses = (f"10.0.0.2:0/{number}" for number in count(1))

    def add_volume(self, name: str, size: int) -> None:
        self._fake.add_volume("vms", name, size)

    def add_snapshot(self, volume: str, name: str) -> None:
        self._fake.add_snapshot("vms", volume, name)

    def clone(self, volume: str, snapshot: str, name: str) -> None:
        self._fake.clone("vms", volume, snapshot, name)

    def put_in_trash(self, name: str) -> None:
        del self._fake.held["vms"][name]
        self._fake.unseen["vms"] = Hidden(trash=(name,))

    def open_volume(self, name: str) -> None:
        self._fake.open_volume("vms", name, "10.0.0.1:0/1")
        self._open = name

    def close_volume(self) -> None:
        self._fake.open_volume("vms", self._open)

    def lock_volume(self, name: str) -> str:
        address = next(self._addresses)
        self._fake.open_volume("vms", name, address)
        self._fake.lock_volume("vms", name, address)
        return address

    def set_quota(self, size: int) -> None:
        self._fake.quotas["vms"] = size

    def hang(self) -> None:
        self._fake.hanging = True

    def fall_silent(self) -> None:
        self._fake.silent = True

    def go_on(self) -> None:
        self._fake.hanging = self._fake.silent = False

    def close(self) -> None:
        self.blocks.close()
        self.others.close()


class CephHome:
    """Volumes are made by librbd alone, as anybody could."""

    def __init__(self) -> None:
        import rados

        from pvc_drivers.blocks.ceph import CephBlocks
        from pvc_drivers.blocks.ceph_cluster import Access

        _lab("up", "--ceph", "--without-product", "--nodes", str(len(NODES)))
        conf, keyring = LAB / "ceph" / "ceph.conf", LAB / "ceph" / "ceph.client.api.keyring"
        access = Access(conf, "api", keyring, TIMEOUT_S)
        self.blocks: Blocks = CephBlocks(access)
        self.others: Blocks = CephBlocks(access)
        self._cluster = rados.Rados(conffile=str(conf), rados_id="api", conf={"keyring": str(keyring)})
        self._cluster.connect()
        self._pool = self._cluster.open_ioctx("vms")
        self._image: Any = None
        self._writers: list[subprocess.Popen[str]] = []

    def add_volume(self, name: str, size: int) -> None:
        import rbd

        rbd.RBD().create(self._pool, name, size)

    def add_snapshot(self, volume: str, name: str) -> None:
        import rbd

        with rbd.Image(self._pool, volume) as image:
            image.create_snap(name)

    def clone(self, volume: str, snapshot: str, name: str) -> None:
        import rbd

        with rbd.Image(self._pool, volume) as image:
            image.protect_snap(snapshot)
        rbd.RBD().clone(self._pool, volume, snapshot, self._pool, name, features=rbd.RBD_FEATURE_LAYERING)

    def put_in_trash(self, name: str) -> None:
        import rbd

        rbd.RBD().trash_move(self._pool, name, 0)

    def open_volume(self, name: str) -> None:
        import rbd

        self._image = rbd.Image(self._pool, name)

    def close_volume(self) -> None:
        self._image.close()

    def lock_volume(self, name: str) -> str:
        self._stop_writers()
        words = [sys.executable, "-c", WRITER, LAB / "ceph" / "ceph.conf", name]
        writer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._writers.append(writer)
        assert writer.stdout is not None
        return writer.stdout.readline().strip()

    def set_quota(self, size: int) -> None:
        words = {"prefix": "osd pool set-quota", "pool": "vms", "field": "max_bytes", "val": str(size)}
        code, _, said = self._cluster.mon_command(json.dumps(words), b"")
        assert code == 0, said

    def _stop_writers(self) -> None:
        for writer in self._writers:
            writer.kill()
            writer.communicate()
        self._writers.clear()

    def hang(self) -> None:
        for number, node in enumerate(NODES):
            _lab("stop", f"{node}/osd{number}")

    def fall_silent(self) -> None:
        for node in NODES:
            _lab("stop", f"{node}/mon")

    def go_on(self) -> None:
        """The first answer after that may be late: clients and OSDs find each other again."""
        _lab("up", "--without-product")
        deadline = time.monotonic() + FOUND_AGAIN_S
        while True:
            try:
                self.blocks.volumes("vms")
                return
            except StorageUnavailable:
                if time.monotonic() > deadline:
                    raise

    def close(self) -> None:
        self._stop_writers()
        self.blocks.close()
        self.others.close()
        self._pool.close()
        self._cluster.shutdown()


H = TypeVar("H", "FakeHome", "CephHome")


@contextmanager
def made(kind: str, **volumes: int) -> Iterator[FakeHome | CephHome]:
    """A home of that kind, with these volumes."""
    if kind == "fake":
        yield _filled(FakeHome(), volumes)
        return
    try:
        home = CephHome()
        try:
            yield _filled(home, volumes)
        finally:
            home.close()
    finally:
        _lab("down")


def _filled(home: H, volumes: dict[str, int]) -> H:
    for name, size in volumes.items():
        home.add_volume(name, size)
    return home


def _lab(*words: str) -> None:
    done = subprocess.run(
        [PVC_LAB, "--dir", LAB, *words], capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stderr
