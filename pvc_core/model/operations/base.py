"""The shape of an operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from pvc_core.errors import InvalidRequest
from pvc_core.model.hardware import (
    BRIDGE_PATTERN,
    DISK_ID_PATTERN,
    MAC_PATTERN,
    PRINTABLE_PATTERN,
    TOPOLOGY_PATTERN,
    WORD_PATTERN,
)
from pvc_core.model.image_format import SHA256_PATTERN
from pvc_core.model.names import (
    ANY_NAME_PATTERN,
    DEVICE_PATTERN,
    EXPORT_PATTERN,
    JOB_ID_PATTERN,
    NAME_PATTERN,
    OSD_PATTERN,
    PLAN_ID_PATTERN,
    TAG_PATTERN,
    UUID_PATTERN,
    VM_NAME_PATTERN,
    VOLUME_NAME_PATTERN,
)
from pvc_core.model.replication import REPLICATION_PATTERN
from pvc_core.model.size import SIZE_PATTERN

Role = Literal["viewer", "operator", "admin"]
Subsystem = Literal["hypervisor", "networking", "storage"]

COPYING_DAYS = 7.0
"""For what copies whole disks, over whatever network there is."""

PATTERNS = {
    NAME_PATTERN: "must be letters, digits, dots and dashes, at most 63, no dot or dash first or last",
    VM_NAME_PATTERN: "must be letters, digits and . _ - with a letter or digit first, at most 63",
    TAG_PATTERN: "must be letters, digits and . _ : = - a letter or digit first, no colon last, at most 63",
    VOLUME_NAME_PATTERN: "must be letters, digits and . _ - with a letter, digit or _ first, at most 63",
    ANY_NAME_PATTERN: "must be the name of an image, at most 1024 characters, none of them a zero byte",
    DEVICE_PATTERN: "must be the path of a device, as /dev/sdb",
    OSD_PATTERN: "must be the number of an OSD, as 3 or osd.3",
    REPLICATION_PATTERN: "must be two numbers, as copies=3,mincopies=2",
    SIZE_PATTERN: "must be a number of bytes, or a number with K, M, G or T (of 1024), as in 20G or 1.5T",
    SHA256_PATTERN: "must be the 64 hexadecimal digits of a SHA-256, in lower case",
    PLAN_ID_PATTERN: "must be the twelve characters that a dry run showed",
    UUID_PATTERN: "must be a UUID in lower case",
    MAC_PATTERN: "must be a MAC address of one device, as 52:54:00:12:34:56",
    BRIDGE_PATTERN: "must be letters, digits and . _ - with a letter or digit first, at most 15",
    WORD_PATTERN: "must be small letters, digits and . _ - with a letter or digit first, at most 32",
    DISK_ID_PATTERN: "must be the name of a disk on its bus, as vdb or sda",
    TOPOLOGY_PATTERN: "must be three numbers, as 1,4,2: sockets, cores, threads",
    PRINTABLE_PATTERN: "must be printable characters",
    EXPORT_PATTERN: "must be letters, digits and . _ - with a letter or digit first, at most 127; or s3:NAME",
    JOB_ID_PATTERN: "must be the id of a task, as `pvc task list` shows it",
}
"""What a name may be, in words."""

VmReference = Annotated[str, StringConstraints(pattern=VM_NAME_PATTERN)]
"""A VM by name or UUID; every UUID also fits the pattern of names."""


class Operation(BaseModel):
    """A request for a change: validated, frozen, unknown fields refused.

    The first line of the docstring is its summary everywhere. Path parameters of `url` are fields.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: ClassVar[str]
    """Also the Celery task's name."""
    method: ClassVar[Literal["POST", "DELETE"]] = "POST"
    url: ClassVar[str | None]
    """Below /api/v1; None for operations only PVC itself submits."""
    alias: ClassVar[str | None] = None
    """Another word for its verb, at every door."""
    role: ClassVar[Role] = "operator"
    subsystem: ClassVar[Subsystem | None] = None
    """Refused where the configuration has that off."""
    immediate: ClassVar[bool] = False
    """It only touches the state tree: done in the request, recorded as a finished job."""
    plannable: ClassVar[bool] = False
    """It accepts `dry_run` and then answers with its plan."""
    fingerprinted: ClassVar[tuple[str, ...]] = ()
    """Fields too long for the job's record; only immediate operations may have them."""
    as_said: ClassVar[bool] = False
    """What was left out is left out of the job's record too: it is not the field's default that counts."""
    partial: ClassVar[bool] = False
    """It changes what it is given and leaves the rest: its fields have no defaults."""
    needs_rest: ClassVar[bool] = False
    """What it does to a volume would harm a guest: meanwhile no VM is given it, nor starts with it."""
    least_days: ClassVar[float] = 0.0
    """Its task has that time before it expires, also where the configuration gives tasks less."""
    destructive: ClassVar[bool] = False
    """The CLI asks before it submits."""
    destructive_with: ClassVar[Mapping[str, Collection[Any]]] = {}
    """It asks only where a field has one of these values."""

    @classmethod
    def asks_before(cls, fields: Mapping[str, Any]) -> bool:
        """Whether the CLI asks before it submits just this; a plan destroys nothing."""
        destroys = cls.destructive or any(
            fields.get(name) in values for name, values in cls.destructive_with.items()
        )
        return destroys and not fields.get("dry_run")

    @classmethod
    def summary(cls) -> str:
        return (cls.__doc__ or "").strip().splitlines()[0]

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Self:
        """Validate a request; raises InvalidRequest naming every fault."""
        try:
            return cls.model_validate_json(_as_json(fields))
        except ValidationError as error:
            raise as_invalid(cls.name, error) from None

    def fields(self) -> dict[str, Any]:
        """As stored in the job: plain JSON, long texts by their fingerprint."""
        fields = self.model_dump(mode="json", exclude_unset=self.as_said)
        return fields | {name: _fingerprint(fields[name]) for name in self.fingerprinted}


def as_invalid(what: str, error: ValidationError) -> InvalidRequest:
    """Every fault of a request in one error; `details["faults"]` has them by field."""
    faults = {".".join(map(str, item["loc"])) or "body": _fault(item) for item in error.errors()}
    sentence = "; ".join(f"{where}: {fault}" for where, fault in faults.items())
    return InvalidRequest(f"{what}: {sentence}", faults=faults)


def _fault(item: Any) -> str:
    known = {"extra_forbidden": "is not known here", "missing": "is required"}
    pattern = PATTERNS.get(item.get("ctx", {}).get("pattern", ""))
    return known.get(item["type"]) or pattern or str(item["msg"]).removeprefix("Value error, ")


def _as_json(fields: dict[str, Any]) -> str:
    """Strict validation in JSON mode takes "live" for an enum but never "false" for a boolean.

    Not orjson: a body may hold numbers beyond 64 bits, or half a surrogate pair, which it refuses to write.
    """
    return json.dumps(fields)


def _fingerprint(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}, {len(text)} characters"
