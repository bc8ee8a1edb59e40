"""Operations on whether a VM runs, beyond starting and stopping it."""

from typing import ClassVar

from pydantic import Field

from pvc_core.model.operations.base import Operation, Subsystem, VmReference
from pvc_core.model.operations.poweroff import PowersOff

VM = Field(description="The VM's name or UUID.")


class RestartVm(PowersOff):
    """Shut a VM down by ACPI and start it again on its node.

    A guest that does not obey in time keeps running and the task fails, unless its metadata or --then-stop
    say that it is to be stopped then. A VM that cannot be started again is named, by the task and in
    `pvc status`.
    """

    name: ClassVar[str] = "vm.restart"
    url: ClassVar[str | None] = "/vm/<vm>/restart"

    force: bool = Field(
        default=False, description="Do not ask the guest: stop it at once, like pulling its plug."
    )


class DisableVm(PowersOff):
    """Take a VM out of use: nothing but `vm start` starts it again.

    One that runs is shut down first, as by `vm shutdown`; a guest that does not obey in time keeps running,
    and the task fails and says so. Neither a flush, nor the return of its node, nor a crash policy ever
    starts a disabled VM.
    """

    name: ClassVar[str] = "vm.disable"
    url: ClassVar[str | None] = "/vm/<vm>/disable"

    force: bool = Field(
        default=False, description="Do not ask the guest: stop it at once, like pulling its plug."
    )


class RecoverVm(Operation):
    """Start a VM again whose guest has crashed, as the policy for that allows.

    Submitted by the agent of its node. It waits longer after each crash, makes way for whatever an admin
    asks of the VM meanwhile, and in the end leaves the VM stopped and says so.
    """

    name: ClassVar[str] = "vm.recover"
    url: ClassVar[str | None] = None
    subsystem: ClassVar[Subsystem | None] = "hypervisor"

    vm: VmReference = VM
    crash: str = Field(max_length=200, description="What its agent saw.")
