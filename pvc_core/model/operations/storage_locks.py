"""Operations on the locks that clients leave on volumes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pvc_core.model.operations.base import Operation, Subsystem, VmReference


class FlushVmLocks(Operation):
    """Break the locks that were left on a stopped VM's RBD disks by whoever had them last.

    A power cut leaves them. Refused while anybody has one of the disks open; the error names who.
    """

    name: ClassVar[str] = "vm.flush-locks"
    url: ClassVar[str | None] = "/vm/<vm>/flush-locks"
    needs_rest: ClassVar[bool] = True
    subsystem: ClassVar[Subsystem | None] = "storage"
    destructive: ClassVar[bool] = True

    vm: VmReference = Field(description="The VM's name or UUID.")
