"""Operations on nodes."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from pvc_core.model.groups import TagRule
from pvc_core.model.names import NodeName, PlanId
from pvc_core.model.operations.base import Operation, Subsystem

DEADLINE = Field(
    default=None,
    ge=1,
    le=604_800,
    description="How long each migration may take; the configuration's value if not given.",
)
BANDWIDTH = Field(
    default=None,
    ge=1,
    le=1_000_000,
    description="What each migration may use of the network, in MiB/s; the configuration's value if not "
    "given.",
)


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
    destructive_with: ClassVar[Mapping[str, Collection[Any]]] = {
        "on_blocked": (OnBlocked.SHUTDOWN, OnBlocked.STOP)
    }

    node: NodeName = Field(description="The node to empty.")
    on_blocked: OnBlocked = Field(
        default=OnBlocked.LEAVE,
        description="What becomes of a VM that has nowhere to go: leave it running, shut it down by ACPI, "
        "or stop it if ACPI does not help. VMs with autorestart are shut down in any case.",
    )
    parallel: int | None = Field(
        default=None, ge=1, le=64, description="Migrations at a time; the configuration's limit if not given."
    )
    deadline_s: int | None = DEADLINE
    bandwidth_mib_s: int | None = BANDWIDTH
    despite: tuple[TagRule, ...] = Field(
        default=(),
        description="With `apart`, a VM that this tag leaves without a node is moved all the same; "
        "`together` yields anyway.",
    )
    maintenance: bool = Field(
        default=False,
        description="The node will be switched off: refuse if that would take data or the storage's quorum "
        "away, and hold its OSDs (noout), so that nothing is rebuilt meanwhile; until `node ready`.",
    )
    plan_id: PlanId | None = Field(
        default=None,
        description="Do exactly what a dry run showed under this id; refused with the difference if that "
        "has changed.",
    )
    dry_run: bool = Field(default=False, description="Only show the plan.")


class ReadyNode(Operation):
    """Take a node back into service and bring its VMs home.

    Opens the node, migrates back the VMs that a flush moved away, and starts those a flush had to stop. Where
    there is storage, it first ends the node's maintenance and waits until the placement groups are clean.
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
    deadline_s: int | None = DEADLINE
    bandwidth_mib_s: int | None = BANDWIDTH
    unclean: bool = Field(
        default=False,
        description="Do not wait for the storage: go on although OSDs of the node are down or placement "
        "groups are not clean.",
    )
    plan_id: PlanId | None = Field(
        default=None,
        description="Do exactly what a dry run showed under this id; refused with the difference if that "
        "has changed.",
    )
    dry_run: bool = Field(default=False, description="Only show the plan.")
