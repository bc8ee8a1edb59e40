"""What all operations that move a running VM have in common."""

from typing import ClassVar

from pydantic import Field

from pvc_core.model.groups import TagRule
from pvc_core.model.operations.base import Operation, Subsystem, VmReference

TARGET = Field(
    default=None,
    description="Where to; the best node if not given.",
    json_schema_extra={"aliases": ["-t"]},
)


class Transfer(Operation):
    """Move a running VM to another node."""

    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    plannable: ClassVar[bool] = True

    vm: VmReference = Field(description="The VM's name or UUID.")
    deadline_s: int | None = Field(
        default=None,
        ge=1,
        le=604_800,
        description="How long it may take before it is given up; the configuration's value if not given.",
    )
    bandwidth_mib_s: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="What it may use of the network, in MiB/s; the configuration's value if not given.",
    )
    force_live: bool = Field(
        default=False,
        description="Carry it over live, this once, although its migration method is `shutdown`.",
    )
    then_stop: bool = Field(
        default=False,
        description="For a VM that is moved by shutting it down: stop a guest that does not obey in time.",
    )
    despite: tuple[TagRule, ...] = Field(
        default=(), description="A rule of its tags (`apart:NAME`, `together:NAME`) to set aside this time."
    )
    dry_run: bool = Field(default=False, description="Only show where it would go, and why not elsewhere.")
