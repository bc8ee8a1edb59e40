"""A storage that says nothing keeps those who ask for it, a few at a time, and nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cluster import DoorCluster
from storage import fill, running
from werkzeug.serving import BaseWSGIServer

from pvc_api.app import create_app
from pvc_drivers.blocks.bounded import Bounded
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_tasks.connect import spared_threads

THREADS = 16
READS = 40
PATIENCE_S = 3.0
FAST_S = 1.5
"""What a request has to wait for at worst: until it is plain that the storage is silent, and for a thread."""


class SilentBlocks(FakeBlocks):
    """As a Ceph that says nothing while `hears` is not set, asked as the real home asks it."""

    def __init__(self) -> None:
        super().__init__()
        self.hears = threading.Event()
        self.hears.set()
        self.bounded = Bounded(PATIENCE_S, spared_threads(THREADS))

    def pools(self) -> Any:
        return self._ask("pools", super().pools, "")

    def volumes(self, pool: str) -> Any:
        return self._ask(f"volumes of {pool}", lambda: FakeBlocks.volumes(self, pool), pool)

    def volume(self, pool: str, name: str) -> Any:
        return self._ask(f"{pool}/{name}", lambda: FakeBlocks.volume(self, pool, name), pool)

    def _ask(self, what: str, ask: Callable[[], Any], part: str) -> Any:
        return self.bounded.call(what, lambda: self.hears.wait() and ask(), part)


class PooledServer(BaseWSGIServer):
    """With as many threads as gunicorn would have."""

    multithread = True

    def process_request(self, request: Any, client_address: Any) -> None:
        self.crew.submit(self._serve, request, client_address)

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)

    @property
    def crew(self) -> ThreadPoolExecutor:
        return self.__dict__.setdefault("_crew", ThreadPoolExecutor(THREADS))


@contextmanager
def api(cluster: DoorCluster) -> Iterator[Callable[[str], tuple[int, float]]]:
    """Ask for a path; the status, and how long it took."""
    server = PooledServer("127.0.0.1", 0, create_app(cluster.config, cluster.service))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(path: str) -> tuple[int, float]:
        address = f"http://127.0.0.1:{server.server_port}/api/v1/{path}"
        request, began = (
            Request(address, headers={"Authorization": f"Bearer {cluster.token}"}),
            time.monotonic(),
        )
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, time.monotonic() - began
        except HTTPError as error:
            return error.code, time.monotonic() - began

    yield ask
    server.shutdown()
    server.crew.shutdown()
    server.server_close()


def test_nodes_are_listed_while_everybody_asks_for_a_silent_storage(tmp_path: Path) -> None:
    blocks = fill(SilentBlocks())
    with running(tmp_path, blocks, nodes=1) as cluster, api(cluster) as ask:
        assert ask("storage/ceph/volume")[0] == 200
        blocks.hears.clear()
        with ThreadPoolExecutor(READS + 1) as crowd:
            for path in ("storage/ceph/volume", "storage/ceph/volume/vms/web"):
                reads = [crowd.submit(ask, path) for _ in range(READS)]
                time.sleep(0.1)
                status, took = ask("node")
                assert status == 200 and took < FAST_S, "the nodes need no storage"
                ends = [read.result() for read in reads]
                assert {status for status, _ in ends} == {503}
                assert sum(took > PATIENCE_S * 0.9 for _, took in ends) <= spared_threads(THREADS)
        blocks.hears.set()
        assert ask("storage/ceph/volume/vms/web")[0] == 200
        with ThreadPoolExecutor(READS) as crowd:
            assert {status for status, _ in crowd.map(ask, ["storage/ceph/volume"] * READS)} == {200}
