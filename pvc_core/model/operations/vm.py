"""Operations on virtual machines."""

from typing import ClassVar, Literal

from pydantic import Field

from pvc_core.model.metadata import Metadata
from pvc_core.model.names import NodeName
from pvc_core.model.operations.base import Operation, Subsystem, VmReference
from pvc_core.model.operations.poweroff import PowersOff
from pvc_core.model.operations.transfer import TARGET, Transfer
from pvc_core.model.operations.vm_tag import Tagging

VM = Field(description="The VM's name or UUID.")


class DefineVm(Tagging, Metadata, Operation):
    """Make a VM known from its libvirt domain XML.

    The XML is kept as it is; a missing UUID is given one. The VM is not started.
    """

    name: ClassVar[str] = "vm.define"
    url: ClassVar[str | None] = "/vm"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True
    as_said: ClassVar[bool] = True
    fingerprinted: ClassVar[tuple[str, ...]] = ("xml",)

    xml: str = Field(
        min_length=1,
        max_length=256 * 1024,
        description="The libvirt domain XML.",
        json_schema_extra={"cli": "file"},
    )
    node: NodeName | None = Field(
        default=None,
        description="Where it shall run; the best node if not given.",
        json_schema_extra={"aliases": ["-t", "--target"]},
    )


class StartVm(Operation):
    """Start a VM on its node, or let one that is paused run on."""

    name: ClassVar[str] = "vm.start"
    url: ClassVar[str | None] = "/vm/<vm>/start"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"

    vm: VmReference = VM
    recover: bool = Field(
        default=False, description="Only if it should be running already: a VM that was stopped stays so."
    )


class ShutdownVm(PowersOff):
    """Ask the guest to power off, by ACPI, and wait until it did.

    A guest that does not obey in time keeps running, and the task fails and says so, unless its metadata or
    --then-stop say that it is to be stopped then.
    """

    name: ClassVar[str] = "vm.shutdown"
    url: ClassVar[str | None] = "/vm/<vm>/shutdown"

    restart_on_ready: bool = Field(
        default=False, description="Start it again when its node is taken back into service (`node ready`)."
    )


class StopVm(Operation):
    """Stop a VM at once, like pulling its plug."""

    name: ClassVar[str] = "vm.stop"
    url: ClassVar[str | None] = "/vm/<vm>/stop"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    destructive: ClassVar[bool] = True

    vm: VmReference = VM


class MigrateVm(Transfer):
    """Move a running VM to another node without its guest noticing.

    Its home is remembered; migrating it back there ends its being away.
    """

    name: ClassVar[str] = "vm.migrate"
    url: ClassVar[str | None] = "/vm/<vm>/migrate"

    target: NodeName | None = TARGET
    force: bool = Field(
        default=False,
        description="Move a VM that is already away from home; its home stays.",
        json_schema_extra={"aliases": ["-f"]},
    )


class UndefineVm(Operation):
    """Forget a stopped VM."""

    name: ClassVar[str] = "vm.undefine"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/vm/<vm>"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True
    destructive: ClassVar[bool] = True

    vm: VmReference = VM


class RemoveVm(Operation):
    """Remove a stopped VM, its volumes, and all that is on them.

    Left are, and named, those that it only reads, that are disks of other VMs too, or that are not in the
    storage. Refused while it, or one of the volumes, has snapshots, or anybody has one open. Interrupted, it
    is there still, and removing it again goes on.
    """

    name: ClassVar[str] = "vm.remove"
    url: ClassVar[str | None] = "/vm/<vm>/remove"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    plannable: ClassVar[bool] = True
    destructive: ClassVar[bool] = True
    needs_rest: ClassVar[bool] = True

    vm: VmReference = VM
    dry_run: bool = Field(default=False, description="Only show what would go, and what would be left.")


class AdoptVm(Operation):
    """Correct a VM's record to what its node really runs.

    Submitted by a node's agent when it finds a VM of the cluster running there that the record places
    elsewhere, or a guest that powered itself off.
    """

    name: ClassVar[str] = "vm.adopt"
    url: ClassVar[str | None] = None
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True

    vm: VmReference = VM
    node: NodeName = Field(description="The node that saw it.")
    seen: Literal["running", "off"] = Field(description="What it saw.")
    as_of: int = Field(
        ge=0, description="The version of the VM's record before it looked: a later change counts more."
    )
