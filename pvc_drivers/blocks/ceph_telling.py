"""librbd's long calls: how far they are, and how they are ended."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rbd

from pvc_drivers.blocks.port import Tell


@contextmanager
def telling(tell: Tell) -> Iterator[Callable[[int, int], int]]:
    """What librbd is to call with how far it is: in objects, or in bytes; the share is what tells.

    It passes no exception on, but ends where it is told so; what `tell` raised is raised after that.
    """
    faults: list[BaseException] = []

    def told(done: int, total: int) -> int:
        try:
            tell(done, total)
        except BaseException as fault:
            faults.append(fault)
            return -errno.ECANCELED
        return 0

    try:
        yield told
    except rbd.OperationCanceled:
        if not faults:
            raise
        raise faults[0] from None
