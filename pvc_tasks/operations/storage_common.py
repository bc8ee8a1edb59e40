"""What operations on the storage share: any coordinator does them, a silent storage is waited for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import TypeVar

from pvc_core.errors import StorageUnavailable
from pvc_core.model.operations import Operation
from pvc_core.model.operations.storage import OfVolume
from pvc_core.store import tree
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.one_look import looking_once
from pvc_tasks.world import World

S = TypeVar("S", bound=Operation)


class StorageHandler(Handler[S]):
    """`admit` refuses what the storage shows to be impossible; a silent storage is no reason to refuse."""

    @abstractmethod
    def check(self, asked: S, world: World) -> None:
        """Raises the PvcError that says why it cannot be."""

    @abstractmethod
    def about(self, asked: S) -> str:
        """Whom the job is about, for people."""

    @abstractmethod
    def objects(self, asked: S) -> tuple[str, ...]:
        """What it concerns, as in `volume_object`; it holds a lock on each."""

    def admit(self, asked: S, world: World) -> Admission:
        objects = self.objects(asked)
        locks: Collection[str] = objects
        with suppress(StorageUnavailable):
            once = looking_once(world)
            self.check(asked, once)
            locks = self.locks(asked, once)
        return Admission(tree.CLUSTER_QUEUE, self.about(asked), objects, locks=tuple(sorted(locks)))

    def locks(self, asked: S, world: World) -> Collection[str]:
        return {*self.objects(asked), *self.more_locks(asked, world)}

    def more_locks(self, asked: S, world: World) -> Iterable[str]:
        """On what else it holds a lock, by how things stand; all are taken in the order of their names."""
        return ()


V = TypeVar("V", bound=OfVolume)


class VolumeHandler(StorageHandler[V]):
    """It holds the volume."""

    def about(self, asked: V) -> str:
        return f"{asked.pool}/{asked.volume}"

    def objects(self, asked: V) -> tuple[str, ...]:
        return (volume_object(asked.pool, asked.volume),)


def volume_object(pool: str, volume: str) -> str:
    """Held by the one job that may change a volume, its snapshots, or its clones' ties to it."""
    return f"volume:{pool}:{volume}"
