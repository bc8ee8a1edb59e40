"""The ephemeral mark that says a process of a node has a session."""

from __future__ import annotations

import os
from typing import Literal

from pvc_core.errors import StoreExists, StoreMissing
from pvc_core.model.node import Alive
from pvc_core.store.documents import Ref
from pvc_core.store.port import Op
from pvc_tasks.world import World


class Presence:
    """Made anew with every new session; a mark left by a former process of the same node is replaced."""

    def __init__(
        self, world: World, ref: Ref[Alive], process: Literal["agent", "worker"], incarnation: str
    ) -> None:
        self._world, self._ref = world, ref
        self._process, self._incarnation = process, incarnation
        self._session: int | None = None

    def uphold(self) -> bool:
        """Whether the mark stands; False before the node is registered. One read when nothing changed."""
        session = self._world.store.home.session()
        seen = self._world.store.find(self._ref)
        if seen is not None and seen.value.incarnation == self._incarnation and session == self._session:
            return True
        leftover: tuple[Op, ...] = () if seen is None else (seen.delete(),)
        try:
            self._world.store.commit(*leftover, self._ref.create(self._mark(), ephemeral=True))
        except StoreMissing:
            return False
        except StoreExists:
            return self.uphold()
        self._session = session
        return True

    def _mark(self) -> Alive:
        return Alive(
            process=self._process,
            pid=os.getpid(),
            since=self._world.clock.now(),
            incarnation=self._incarnation,
        )
