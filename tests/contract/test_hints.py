"""Hints over a real Redis: what is rung on one side is heard on the other, and nobody waits for Redis."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import pytest

from pvc_core.config import RedisSection
from pvc_core.model.job import Progress
from pvc_tasks.redis_hints import RedisHints
from pvc_tasks.redis_live import RedisLive
from pvc_worker.consumer import consume, consumer_app

PASSWORD = "p@ss/word:1"
QUEUE = "node.hv1"
PATIENCE_S = 15


class Redis:
    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.section = RedisSection(host="127.0.0.1", port=port, password_file=directory / "unused")
        self._config = directory / "redis.conf"
        settings = [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {PASSWORD}",
            'save ""',
            f"dir {directory}",
        ]
        self._config.write_text("\n".join(settings))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(["redis-server", str(self._config)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        with socket.socket() as link:
            return link.connect_ex((self.section.host, self.section.port)) == 0


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("the Debian package redis-server is not installed")
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def heard(redis: Redis) -> SimpleQueue[str]:
    """What a consumer in this process hears; Celery allows one per process."""
    queue: SimpleQueue[str] = SimpleQueue()
    app = consumer_app(redis.section, PASSWORD, queue.put)
    Thread(target=consume, args=(app, "hv1", [QUEUE], 2), daemon=True).start()
    return queue


def test_a_hint_is_heard(redis: Redis, heard: SimpleQueue[str]) -> None:
    RedisHints(redis.section, PASSWORD).ring("job-1", QUEUE, "vm.start")
    assert heard.get(timeout=PATIENCE_S) == "job-1"


def test_a_hint_for_another_queue_is_not(redis: Redis, heard: SimpleQueue[str]) -> None:
    hints = RedisHints(redis.section, PASSWORD)
    hints.ring("elsewhere", "node.hv2", "vm.start")
    hints.ring("here", QUEUE, "node.flush")
    assert heard.get(timeout=PATIENCE_S) == "here"
    with pytest.raises(Empty):
        heard.get_nowait()


def test_once_connected_a_hint_takes_milliseconds(redis: Redis, heard: SimpleQueue[str]) -> None:
    hints = RedisHints(redis.section, PASSWORD)
    hints.ring("first", QUEUE, "vm.start")
    heard.get(timeout=PATIENCE_S)
    start = time.monotonic()
    hints.ring("second", QUEUE, "vm.start")
    assert heard.get(timeout=PATIENCE_S) == "second"
    assert time.monotonic() - start < 0.5


def test_nobody_waits_for_a_redis_that_is_away(redis: Redis) -> None:
    nowhere = redis.section.model_copy(update={"port": 1})
    hints = RedisHints(nowhere, PASSWORD)
    start = time.monotonic()
    for number in range(2000):
        hints.ring(f"job-{number}", QUEUE, "vm.start")
    assert time.monotonic() - start < 0.5


def test_live_progress_is_read_back_and_forgotten_without_redis(redis: Redis) -> None:
    live = RedisLive(redis.section, PASSWORD)
    live.publish("job-1", Progress(done=1, total=2))
    assert live.read(["job-1", "job-2"]) == {"job-1": Progress(done=1, total=2)}
    nowhere = RedisLive(redis.section.model_copy(update={"port": 1}), PASSWORD)
    nowhere.publish("job-1", Progress())
    assert nowhere.read(["job-1"]) == {}
