"""What an admin says about a VM besides its XML; each field is declared here and nowhere else.

The record (`VmSpec`), `vm define` and `vm meta` inherit it, and the doors take it from there; `aliases` are
what the command line calls a field besides its name.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field, field_validator
from pydantic.config import JsonDict

from pvc_core.model.names import NodeName, TagName
from pvc_core.model.record import Record

MOST_TAGS = 64

CONFIGURED: JsonDict = {"default": None}
"""Shown instead of a field's default: unset at define, it is the configuration's."""


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


class OnShutdownTimeout(StrEnum):
    LEAVE = "leave"
    STOP = "stop"


class Tag(Record):
    """A word by which VMs are found; a protected one is not removed by accident."""

    name: TagName = Field(description="Letters, digits and . _ : = -, at most 63.")
    protected: bool = Field(default=False, strict=True, description="Removed only with `force`.")


class Metadata(BaseModel):
    """All of it but the tags."""

    node_limit: tuple[NodeName, ...] = Field(
        default=(),
        max_length=256,
        description="The nodes it may run on. Unset: all.",
        json_schema_extra={"aliases": ["-l", "--limit"]},
    )
    node_selector: NodeSelector = Field(
        default=NodeSelector.MEM,
        description="How the best node is chosen. Unset: as configured.",
        json_schema_extra={**CONFIGURED, "aliases": ["-s"]},
    )
    autorestart: bool = Field(
        default=False,
        description="A flush may stop it when it has nowhere to go; `node ready` starts it again.",
        json_schema_extra={"aliases": ["-a/-A"]},
    )
    migration_method: MigrationMethod = Field(
        default=MigrationMethod.LIVE,
        description="How it may leave a node. Unset: as configured.",
        json_schema_extra={**CONFIGURED, "aliases": ["-m", "--method"]},
    )
    max_downtime_ms: int | None = Field(
        default=None,
        ge=1,
        le=60_000,
        description="The longest pause a migration may make. Unset: as configured.",
        json_schema_extra={"aliases": ["-d", "--max-downtime"]},
    )
    post_copy: bool = Field(
        default=False,
        description="A migration may be finished by post-copy when nothing else converges.",
    )
    shutdown_timeout_s: int | None = Field(
        default=None,
        ge=1,
        le=86_400,
        description="How long its guest may take to power off. Unset: as configured.",
    )
    on_shutdown_timeout: OnShutdownTimeout = Field(
        default=OnShutdownTimeout.LEAVE,
        description="What becomes of a guest that does not power off in time.",
    )
    console_lines: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="How many lines of its console are kept. Unset: as configured.",
    )
    restart_on_crash: bool | None = Field(
        default=None,
        description="Start it again after a crash of its guest. Unset: as configured.",
    )
    description: str = Field(default="", max_length=500, description="What it is for; one line.")

    @field_validator("node_limit")
    @classmethod
    def each_node_once(cls, nodes: tuple[NodeName, ...]) -> tuple[NodeName, ...]:
        return tuple(dict.fromkeys(nodes))

    @field_validator("description")
    @classmethod
    def one_line(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("must be one line of printable characters")
        return text


class Tagged(BaseModel):
    tags: tuple[Tag, ...] = Field(
        default=(),
        max_length=MOST_TAGS,
        description="Words by which it is found.",
        json_schema_extra={"cli": "tags"},
    )

    @field_validator("tags")
    @classmethod
    def each_tag_once(cls, tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
        names = [tag.name for tag in tags]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} given more than once")
        return tags
