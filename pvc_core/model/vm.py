"""Virtual machines: what their admin wants, and where they are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from pvc_core.model.disks import disks_of, shareable_of
from pvc_core.model.metadata import Metadata, MigrationMethod, NodeSelector, Tagged
from pvc_core.model.names import NodeName, VmName, VmUuid
from pvc_core.model.record import Record

__all__ = [
    "MigrationMethod",
    "NodeSelector",
    "RunningDomain",
    "VmNameRecord",
    "VmSpec",
    "VmXml",
    "Wanted",
]


MOST_STAYS = 16


class Wanted(StrEnum):
    """What the admin wants of a VM. STOP and DISABLE are written only once its domain is proven gone."""

    START = "start"
    STOP = "stop"
    DISABLE = "disable"


class RunningDomain(Record):
    """What the domain that runs has; memory in MiB."""

    memory_mib: int
    rbd_disks: tuple[str, ...] = ()
    shareable_disks: tuple[str, ...] = ()
    otherwise: bool = False
    """It differs from its definition in more than these."""


class FormerConsole(Record):
    """A VM's log file before its definition named another; a name alone is in `console.directory`."""

    path: str
    last: int
    """The number of the last stay that was written there."""


class VmPlace(Record):
    """Who a VM is, where it is and shall be. Memory in MiB."""

    uuid: VmUuid
    name: VmName
    state: Wanted = Wanted.STOP
    node: NodeName
    previous_node: NodeName | None = None
    """Its home, while it is away from it."""
    stays: tuple[NodeName, ...] = ()
    """Where it has run, in order, the last where it is or was; the oldest are forgotten. By this the nodes
    that follow its console take turns, whether they saw the guest or not."""
    former_stays: int = 0
    """How many were forgotten."""
    consoles: tuple[FormerConsole, ...] = ()
    """Where its console was written before, in order: a node may still owe lines from there."""
    moving_to: NodeName | None = None
    """The target of the migration under way: memory there is already its own."""
    moving_job: str | None = None
    restart_on_ready: NodeName | None = None
    """A flush of that node stopped it; `node ready` starts it again."""
    report_marks: dict[NodeName, int] = {}
    """The number of each concerned node's report when its last change was recorded: what that report, or
    one that was being made just then, shows of this VM may be older than this record."""
    memory_mib: int = Field(ge=1)
    vcpus: int = Field(ge=1)
    rbd_disks: tuple[str, ...] = ()
    shareable_disks: tuple[str, ...] = ()
    """Those of them that its definition leaves to other VMs as well; none of a record from before this."""
    running: RunningDomain | None = None
    """While the domain that runs is not, or may not be, as its definition has it by now; gone with it."""
    created: float = 0.0
    crashes: tuple[float, ...] = ()
    """When its guest crashed lately; forgotten when it is stopped."""
    left_down: str = ""
    """Why PVC stopped trying to run it, until somebody starts, stops or disables it."""
    rolling_back: str = ""
    """The snapshot that a rollback of it was begun to: until one is finished, its disks are of two times."""


class VmSpec(Tagged, Metadata, VmPlace):
    """A VM's record; written by jobs alone."""

    @property
    def home(self) -> str:
        return self.previous_node or self.node

    def placed(self, node: str, **changes: Any) -> Self:
        """Its record on a node, at rest; away from home, its home is remembered."""
        away = None if self.home == node else self.home
        at_rest = {"moving_to": None, "moving_job": None, "previous_node": away}
        return self.but(**{"node": node, **at_rest, **self._with_stay(node), **changes})

    def _with_stay(self, node: str) -> dict[str, Any]:
        """A new one when it comes from elsewhere, or did not run."""
        runs = self.state is Wanted.START
        stays = self.stays or ((self.node,) if runs else ())
        if not runs or stays[-1] != node:
            stays = (*stays, node)
        forgotten = max(0, len(stays) - MOST_STAYS)
        return {"stays": stays[forgotten:], "former_stays": self.former_stays + forgotten}

    @property
    def charge_mib(self) -> int:
        """What is reserved for it where it runs: enough for what runs, and for what it is to become."""
        return max(self.memory_mib, self.running.memory_mib if self.running else 0)

    @property
    def held_disks(self) -> tuple[str, ...]:
        """RBD images it may have open: those of its definition, and of the domain that runs."""
        return disks_of(self, *filter(None, (self.running,)))

    @property
    def shared_disks(self) -> tuple[str, ...]:
        """Those of `held_disks` that another VM may have too: its definition and what runs both say so."""
        return shareable_of(self, *filter(None, (self.running,)))


class VmXml(Record):
    """The operator's own domain XML with its UUID; libvirt keeps none."""

    xml: str


class VmNameRecord(Record):
    """Who owns a name: its creation is what makes names unique."""

    uuid: VmUuid
