"""Live progress in Redis: a key per job that forgets itself."""

from __future__ import annotations

import time
from collections.abc import Iterable

import redis
from pydantic import ValidationError
from redis.backoff import NoBackoff
from redis.retry import Retry

from pvc_core.config import RedisSection
from pvc_core.model.job import Progress

KEY = "pvc:progress:"
LIFETIME_S = 15
TIMEOUT_S = 0.3
PAUSE_S = 5.0
"""How long a Redis that failed is left alone."""


class RedisLive:
    def __init__(self, section: RedisSection, password: str) -> None:
        self._client = redis.Redis(
            host=section.host,
            port=section.port,
            password=password,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._quiet_until = 0.0

    def publish(self, job: str, progress: Progress) -> None:
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._client.set(KEY + job, progress.model_dump_json(), ex=LIFETIME_S)
        except (redis.RedisError, OSError):
            self._quiet_until = time.monotonic() + PAUSE_S

    def read(self, jobs: Iterable[str]) -> dict[str, Progress]:
        names = list(jobs)
        if not names or time.monotonic() < self._quiet_until:
            return {}
        try:
            values = self._client.mget([KEY + name for name in names])
        except (redis.RedisError, OSError):
            self._quiet_until = time.monotonic() + PAUSE_S
            return {}
        return {name: seen for name, value in zip(names, values, strict=True) if (seen := _parsed(value))}


def _parsed(value: bytes | str | None) -> Progress | None:
    """What somebody else may have written there is nothing to fail on."""
    try:
        return None if value is None else Progress.model_validate_json(value)
    except ValidationError:
        return None
