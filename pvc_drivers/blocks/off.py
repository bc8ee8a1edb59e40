"""The block storage of a cluster that has that subsystem off."""

from __future__ import annotations

from typing import NoReturn, cast

from pvc_core.errors import SubsystemOff
from pvc_drivers.blocks.port import Blocks


class NoBlocks:
    """Every question has the one answer."""

    patience_s = 0.0

    def close(self) -> None:
        """Nothing is open."""

    def __getattr__(self, name: str) -> object:
        """Only what the port knows is asked of it."""
        if not hasattr(Blocks, name):
            raise AttributeError(name)
        return refuse


def no_blocks() -> Blocks:
    return cast(Blocks, NoBlocks())


def refuse(*_: object, **__: object) -> NoReturn:
    raise SubsystemOff("the subsystem storage is off")
