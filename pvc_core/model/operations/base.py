"""The shape of an operation."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from pvc_core.errors import InvalidRequest
from pvc_core.model.names import VM_NAME_PATTERN

Role = Literal["viewer", "operator", "admin"]
Subsystem = Literal["hypervisor", "networking", "storage"]

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
    destructive: ClassVar[bool] = False
    """The CLI asks before it submits."""

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
        fields = self.model_dump(mode="json")
        return fields | {name: _fingerprint(fields[name]) for name in self.fingerprinted}


def as_invalid(what: str, error: ValidationError) -> InvalidRequest:
    """Every fault of a request in one error; `details["faults"]` has them by field."""
    faults = {".".join(map(str, item["loc"])) or "body": _fault(item) for item in error.errors()}
    sentence = "; ".join(f"{where}: {fault}" for where, fault in faults.items())
    return InvalidRequest(f"{what}: {sentence}", faults=faults)


def _fault(item: Any) -> str:
    known = {"extra_forbidden": "is not known here", "missing": "is required"}
    return known.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")


def _as_json(fields: dict[str, Any]) -> str:
    """Strict validation in JSON mode takes "live" for an enum but never "false" for a boolean.

    Not orjson: a body may hold numbers beyond 64 bits, or half a surrogate pair, which it refuses to write.
    """
    return json.dumps(fields)


def _fingerprint(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}, {len(text)} characters"
