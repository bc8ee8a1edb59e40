"""Celery's consumer: it hears the hints. Without it the sweep does all."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from celery import Celery

from pvc_core.config import Config, RedisSection, read_secret
from pvc_tasks.celery_app import CONSUME_TIMEOUT_S, make_app, register

log = logging.getLogger(__name__)

PAUSE_S = 2.0


def consume_for_ever(config: Config, name: str, queues: Sequence[str], heard: Callable[[str], None]) -> None:
    """On a thread of its own; whatever ends it, it begins again."""
    app = consumer_app(config.redis, read_secret(config.redis.password_file), heard)
    while True:
        try:
            consume(app, name, queues, config.worker.slots)
        except Exception as error:
            log.warning("Celery's consumer ended (%s); starting it again", error)
        time.sleep(PAUSE_S)


def consumer_app(redis: RedisSection, password: str, heard: Callable[[str], None]) -> Celery:
    app = make_app(redis, password, CONSUME_TIMEOUT_S)
    register(app, heard)
    return app


def consume(app: Celery, name: str, queues: Sequence[str], slots: int) -> None:
    """Until its connection is lost for good."""
    app.WorkController(
        pool="threads",
        concurrency=slots,
        queues=list(queues),
        hostname=f"pvc@{name}",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()
