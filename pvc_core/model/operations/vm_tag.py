"""Tags: words by which VMs are found."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pvc_core.model.names import TagName
from pvc_core.model.operations.base import Operation, Subsystem, VmReference

VM = Field(description="The VM's name or UUID.")


class AddVmTag(Operation):
    """Put a tag on a VM, or protect one that it has.

    A tag that is protected stays so until it is removed.
    """

    name: ClassVar[str] = "vm.tag.add"
    url: ClassVar[str | None] = "/vm/<vm>/tag"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True

    vm: VmReference = VM
    tag: TagName = Field(
        description="Letters, digits and . _ : = -, at most 63.", json_schema_extra={"cli": "argument"}
    )
    protected: bool = Field(
        default=False,
        description="It can be removed only with `force`.",
        json_schema_extra={"aliases": ["-p"]},
    )


class RemoveVmTag(Operation):
    """Take a tag off a VM; a protected one only with `force`."""

    name: ClassVar[str] = "vm.tag.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/vm/<vm>/tag/<tag>"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True

    vm: VmReference = VM
    tag: TagName = Field(description="The tag's name.")
    force: bool = Field(default=False, description="Even if it is protected.")
