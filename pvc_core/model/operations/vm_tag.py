"""Tags: words by which VMs are found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from pvc_core.model.metadata import Tag, Tagged
from pvc_core.model.names import TagName
from pvc_core.model.operations.base import Operation, Subsystem, VmReference

VM = Field(description="The VM's name or UUID.")


class Tagging(Tagged):
    """A request that says which tags there are."""

    @field_validator("tags")
    @classmethod
    def nothing_unknown(cls, tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
        """A record keeps what it does not know; a request may not hold it."""
        unknown = sorted({name for tag in tags for name in tag.model_extra or ()})
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is not known here")
        return tags


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
    destructive_with: ClassVar[Mapping[str, Collection[Any]]] = {"force": (True,)}

    vm: VmReference = VM
    tag: TagName = Field(description="The tag's name.")
    force: bool = Field(default=False, description="Even if it is protected.")
