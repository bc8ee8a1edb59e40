"""The Celery app: a task per operation, whose message is a job's id and nothing else.

The settings' reasons, measured: docs/decisions/0002-celery-carries-hints.md.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from celery import Celery

from pvc_core.config import RedisSection
from pvc_core.model.operations import OPERATIONS

PUBLISH_TIMEOUT_S = 1.0
CONSUME_TIMEOUT_S = 15.0


def broker_url(redis: RedisSection, password: str) -> str:
    return f"redis://:{quote(password, safe='')}@{redis.host}:{redis.port}/0"


def make_app(redis: RedisSection, password: str, timeout_s: float) -> Celery:
    """An app with its broker's socket timeout: short for publishing, patient for consuming."""
    app = Celery("pvc", broker=broker_url(redis, password), set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=False,
        task_serializer="json",
        accept_content=["json"],
        task_create_missing_queues=True,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=timeout_s,
        broker_transport_options={
            "socket_timeout": timeout_s,
            "socket_connect_timeout": min(timeout_s, 2.0),
            "retry_on_timeout": False,
            "global_keyprefix": "pvc:",
        },
    )
    return app


def register(app: Celery, look: Any) -> None:
    """Let every operation's task call `look(job_id)`.

    The app becomes the process's default: Celery's threads look up the tasks they run there.
    """
    app.set_default()
    for operation in OPERATIONS:
        app.task(name=operation.name, ignore_result=True, shared=False)(_task(look))


def _task(look: Any) -> Any:
    def look_at_job(job: str) -> None:
        look(job)

    return look_at_job
