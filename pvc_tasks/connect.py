"""From a configuration to a world that talks to the real ZooKeeper and Redis; nothing connects yet."""

from __future__ import annotations

from collections.abc import Callable

from pvc_core.config import Config, read_secret
from pvc_core.store.cache import RememberingStore
from pvc_core.store.documents import Store
from pvc_core.store.port import Home
from pvc_core.store.zookeeper import ZookeeperHome
from pvc_tasks.audit import AuditLog
from pvc_tasks.clock import SystemClock
from pvc_tasks.redis_hints import RedisHints
from pvc_tasks.redis_live import RedisLive
from pvc_tasks.service import Service
from pvc_tasks.world import World


def build_world(config: Config, store_over: Callable[[Home], Store] = Store) -> World:
    """Raises ConfigInvalid when a secret cannot be read."""
    redis_password = read_secret(config.redis.password_file)
    home = ZookeeperHome(config.zookeeper, read_secret(config.zookeeper.password_file))
    return World(
        store=store_over(home),
        clock=SystemClock(),
        hints=RedisHints(config.redis, redis_password),
        live=RedisLive(config.redis, redis_password),
        config=config,
        audit=AuditLog(config.logs.directory),
    )


def build_service(config: Config) -> Service:
    """For the doors: it remembers what it has read until that changes."""
    return Service(build_world(config, RememberingStore))
