"""What all requests of one process share."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flask import current_app

from pvc_core.config import Config
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.connect import spared_threads
from pvc_tasks.service import Service

EXTENSION = "pvc"


@dataclass(frozen=True)
class Shared:
    """`waiters` bounds the threads that long polls may hold, and `transfers` those that files may, so that
    they never starve other requests."""

    config: Config
    service: Service
    waiters: threading.BoundedSemaphore
    transfers: threading.BoundedSemaphore


def share(config: Config, service: Service) -> Shared:
    """A quarter of the threads, two at least, are for requests that do not wait, half of these for files;
    and as many for those that a silent storage may keep waiting."""
    threads, free = config.api.threads, spared_threads(config.api.threads)
    taken = 2 * free if config.subsystems.storage else free
    waiters = threading.BoundedSemaphore(max(1, threads - taken))
    return Shared(config, service, waiters, threading.BoundedSemaphore(free // 2))


def shared() -> Shared:
    """Of the app that serves the present request."""
    value: Shared = current_app.extensions[EXTENSION]
    return value


def service() -> Service:
    return shared().service


def blocks() -> Blocks:
    return shared().service.world.blocks


def max_body() -> int:
    """Bytes."""
    return shared().config.api.max_body_kib * 1024
