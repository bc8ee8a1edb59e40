"""Changing what an admin said about a VM besides its XML."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from pvc_core.model.metadata import Metadata
from pvc_core.model.operations.base import Operation, Subsystem, VmReference
from pvc_core.model.operations.vm_tag import Tagging

VM = Field(description="The VM's name or UUID.")

FIELDS: list[Any] = [*Metadata.model_fields, *Tagging.model_fields]


def _as_it_is(schema: dict[str, Any]) -> None:
    """No field shows a default: what is left out stays as it is."""
    for field in schema["properties"].values():
        field.pop("default", None)


class MetaVm(Tagging, Metadata, Operation):
    """Change a VM's metadata; what is not given stays as it is.

    A node limit that leaves out the node where the VM is now is taken, and the answer says so: nothing is
    moved by it. Tags that are given take the place of those it has; a protected one stays protected, and is
    taken off by `vm tag remove` alone. The task's result holds what was before and what is now.
    """

    model_config = ConfigDict(json_schema_extra=_as_it_is)

    name: ClassVar[str] = "vm.meta"
    url: ClassVar[str | None] = "/vm/<vm>"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True
    as_said: ClassVar[bool] = True
    partial: ClassVar[bool] = True

    vm: VmReference = VM
    reset: tuple[str, ...] = Field(
        default=(),
        description="Unset these: as configured, or empty.",
        json_schema_extra={"items": {"type": "string", "enum": FIELDS}, "cli": "fields"},
    )

    @field_validator("reset")
    @classmethod
    def only_metadata(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(FIELDS))
        if unknown:
            raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join(FIELDS)}")
        return names

    @model_validator(mode="after")
    def one_wish_for_each(self) -> Self:
        given = self.model_fields_set.intersection(FIELDS)
        empty = sorted(name for name in given if getattr(self, name) is None)
        if empty:
            raise ValueError(f"null changes nothing: to set {', '.join(empty)} back, name it in `reset`")
        both = sorted(given.intersection(self.reset))
        if both:
            raise ValueError(f"{', '.join(both)} cannot be given and reset at once")
        if not given and not self.reset:
            raise ValueError("nothing to change; give at least one field, or `reset`")
        return self
