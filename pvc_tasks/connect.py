"""From a configuration to a world that talks to the real ZooKeeper and Redis; nothing connects yet."""

from __future__ import annotations

from pvc_core.config import Config, read_secret
from pvc_core.store.cache import RememberingStore
from pvc_core.store.zookeeper import ZookeeperHome
from pvc_drivers.blocks.opening import make_blocks
from pvc_drivers.disks.opening import make_disks
from pvc_tasks.audit import AuditLog
from pvc_tasks.clock import SystemClock
from pvc_tasks.redis_hints import RedisHints
from pvc_tasks.redis_live import RedisLive
from pvc_tasks.service import Service
from pvc_tasks.world import World


def build_world(config: Config, storage_callers: int = 2) -> World:
    """Of whose threads so many may wait for the storage at once, so that a silent one leaves others free.

    Raises ConfigInvalid when a secret cannot be read.
    """
    redis_password = read_secret(config.redis.password_file)
    home = ZookeeperHome(config.zookeeper, read_secret(config.zookeeper.password_file))
    return World(
        store=RememberingStore(home),
        clock=SystemClock(),
        hints=RedisHints(config.redis, redis_password),
        live=RedisLive(config.redis, redis_password),
        config=config,
        blocks=make_blocks(config, storage_callers),
        disks=make_disks(config),
        audit=AuditLog(config.logs.directory),
    )


def build_service(config: Config) -> Service:
    return Service(build_world(config, spared_threads(config.api.threads)))


def spared_threads(threads: int) -> int:
    """Of the API's: a quarter, two at least, is kept from each thing that may take long."""
    return max(2, threads // 4)
