"""What all requests of one process share."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flask import current_app

from pvc_core.config import Config
from pvc_tasks.service import Service

EXTENSION = "pvc"


@dataclass(frozen=True)
class Shared:
    """`waiters` bounds the threads that long polls may hold, so that they never starve other requests."""

    config: Config
    service: Service
    waiters: threading.BoundedSemaphore


def share(config: Config, service: Service) -> Shared:
    """A quarter of the threads, one at least, stays free for requests that do not wait."""
    threads = config.api.threads
    return Shared(config, service, threading.BoundedSemaphore(threads - max(1, threads // 4)))


def shared() -> Shared:
    """Of the app that serves the present request."""
    value: Shared = current_app.extensions[EXTENSION]
    return value


def service() -> Service:
    return shared().service


def max_body() -> int:
    """Bytes."""
    return shared().config.api.max_body_kib * 1024
