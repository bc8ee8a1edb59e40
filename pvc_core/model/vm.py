"""Virtual machines: what their admin wants, and where they are."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pvc_core.model.names import NodeName, VmName, VmUuid
from pvc_core.model.record import Record


class Wanted(StrEnum):
    """What the admin wants of a VM. STOP and DISABLE are written only once its domain is proven gone."""

    START = "start"
    STOP = "stop"
    DISABLE = "disable"


class NodeSelector(StrEnum):
    """How the best node is chosen among those that can take a VM."""

    MEM = "mem"
    """Most memory left for what should run."""
    MEMPROV = "memprov"
    """Least memory promised to all defined VMs, running or not."""
    VCPUS = "vcpus"
    """Fewest virtual CPUs promised per physical one."""
    VMS = "vms"
    """Fewest VMs."""
    LOAD = "load"
    """Lowest load average per CPU."""


class MigrationMethod(StrEnum):
    LIVE = "live"
    SHUTDOWN = "shutdown"
    NONE = "none"


class VmSpec(Record):
    """A VM's record; written by jobs alone. Memory in MiB."""

    uuid: VmUuid
    name: VmName
    state: Wanted = Wanted.STOP
    node: NodeName
    previous_node: NodeName | None = None
    """Its home, while it is away from it."""
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
    node_limit: tuple[NodeName, ...] = ()
    """The nodes it may run on; empty means all."""
    node_selector: NodeSelector = NodeSelector.MEM
    autorestart: bool = False
    """A flush may stop it when it has nowhere to go."""
    migration_method: MigrationMethod = MigrationMethod.LIVE
    rbd_disks: tuple[str, ...] = ()
    created: float = 0.0

    @property
    def home(self) -> str:
        return self.previous_node or self.node


class VmXml(Record):
    """The operator's own domain XML with its UUID; libvirt keeps none."""

    xml: str


class VmNameRecord(Record):
    """Who owns a name: its creation is what makes names unique."""

    uuid: VmUuid
