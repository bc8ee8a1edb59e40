"""Operations on nodes."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from pvc_core.model.names import NodeName
from pvc_core.model.operations.base import Operation, Subsystem


class OnBlocked(StrEnum):
    """What a flush does with a VM that has nowhere to go."""

    LEAVE = "leave"
    SHUTDOWN = "shutdown"
    STOP = "stop"


class FlushNode(Operation):
    """Empty a node of its running VMs, and prove it.

    Closes the node to new VMs, live-migrates its VMs to others in parallel, looks at libvirt and the
    state tree, and only then calls the node `flushed`. A VM that cannot leave is named, with the reason,
    and the task ends `partial`.
    """

    name: ClassVar[str] = "node.flush"
    url: ClassVar[str | None] = "/node/<node>/flush"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    plannable: ClassVar[bool] = True

    node: NodeName = Field(description="The node to empty.")
    on_blocked: OnBlocked = Field(
        default=OnBlocked.LEAVE,
        description="What becomes of a VM that has nowhere to go: leave it running, shut it down by ACPI, "
        "or stop it if ACPI does not help. VMs with autorestart are shut down in any case.",
    )
    parallel: int | None = Field(
        default=None, ge=1, le=64, description="Migrations at a time; the configuration's limit if not given."
    )
    dry_run: bool = Field(default=False, description="Only show the plan.")


class ReadyNode(Operation):
    """Take a node back into service and bring its VMs home.

    Opens the node, migrates back the VMs that a flush moved away, and starts those a flush had to stop.
    """

    name: ClassVar[str] = "node.ready"
    url: ClassVar[str | None] = "/node/<node>/ready"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    alias: ClassVar[str | None] = "unflush"
    plannable: ClassVar[bool] = True

    node: NodeName = Field(description="The node to take back into service.")
    parallel: int | None = Field(
        default=None, ge=1, le=64, description="Migrations at a time; the configuration's limit if not given."
    )
    dry_run: bool = Field(default=False, description="Only show the plan.")
