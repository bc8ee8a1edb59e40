"""What the operations on pools share."""

from __future__ import annotations

from typing import TypeVar

from pvc_core.errors import NotFound
from pvc_core.model.operations.storage import OfPool
from pvc_core.model.storage import Pool
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.operations.storage_common import StorageHandler

P = TypeVar("P", bound=OfPool)


class PoolHandler(StorageHandler[P]):
    """It holds the pool."""

    def about(self, asked: P) -> str:
        return asked.pool

    def objects(self, asked: P) -> tuple[str, ...]:
        return (pool_object(asked.pool),)


def pool_object(pool: str) -> str:
    """Held by the one job that may change a pool."""
    return f"pool:{pool}"


def find_pool(blocks: Blocks, name: str) -> Pool | None:
    return next((pool for pool in blocks.pools() if pool.name == name), None)


def load_pool(blocks: Blocks, name: str) -> Pool:
    """Raises NotFound."""
    pool = find_pool(blocks, name)
    if pool is None:
        raise NotFound(f"there is no pool {name}", "See `pvc storage ceph pool list`.")
    return pool
