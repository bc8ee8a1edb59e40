"""What operations on the storage have in common."""

from typing import ClassVar

from pydantic import Field

from pvc_core.model.names import PoolName, VolumeName
from pvc_core.model.operations.base import Operation, Subsystem


class OfStorage(Operation):
    subsystem: ClassVar[Subsystem | None] = "storage"


class OfPool(OfStorage):
    pool: PoolName = Field(description="The pool.")


class OfVolume(OfPool):
    volume: VolumeName = Field(description="The volume.")
