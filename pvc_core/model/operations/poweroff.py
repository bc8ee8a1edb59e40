"""What all operations that ask a guest to power off have in common."""

from typing import ClassVar

from pydantic import Field

from pvc_core.model.operations.base import Operation, Subsystem, VmReference


class PowersOff(Operation):
    """Ask a guest to power off, by ACPI."""

    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    destructive: ClassVar[bool] = True

    vm: VmReference = Field(description="The VM's name or UUID.")
    timeout_s: int | None = Field(
        default=None,
        ge=1,
        le=86_400,
        description="How long the guest may take to power off; its metadata or the configuration say if not "
        "given.",
    )
    then_stop: bool | None = Field(
        default=None,
        description="Whether a guest that does not obey in time is stopped; its metadata say if not given.",
    )
