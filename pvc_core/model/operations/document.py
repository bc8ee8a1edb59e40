"""`docs/operations.md`, rendered from the operations: `python -m pvc_core.model.operations.document`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pvc_core.model.operations import OPERATIONS, Operation

HEAD = """# Operations

Rendered from the classes in `pvc_core/model/operations`; a test keeps it true. Every operation also
takes `reason` (free text, kept with the task) and the header `Idempotency-Key`.
"""


def render_document() -> str:
    parts = [HEAD, *(_render(operation) for operation in OPERATIONS)]
    return "\n".join(parts)


def _render(operation: type[Operation]) -> str:
    lines = [f"## {operation.name}", "", *_doc_lines(operation), "", _how(operation), ""]
    fields = list(_field_rows(operation))
    if fields:
        lines += ["| field | type | default | meaning |", "|---|---|---|---|", *fields, ""]
    return "\n".join(lines)


def _doc_lines(operation: type[Operation]) -> list[str]:
    return [line.strip() for line in (operation.__doc__ or "").strip().splitlines()]


def _how(operation: type[Operation]) -> str:
    if operation.url is None:
        return "Submitted by PVC itself."
    kind = "answered at once" if operation.immediate else f"a task{_time(operation)}"
    return f"`{operation.method} /api/v1{operation.url}` · role {operation.role} · {kind}"


def _time(operation: type[Operation]) -> str:
    days = operation.least_days
    return f", which has at least {days:g} days" if days else ""


def _field_rows(operation: type[Operation]) -> Iterator[str]:
    schema = operation.model_json_schema()
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    for name, field in sorted(fields, key=lambda item: item[0] not in required):
        default = "required" if name in required else _shown(field.get("default"))
        yield f"| `{name}` | {_type(field, schema)} | {default} | {field.get('description', '')} |"


def _shown(value: Any) -> str:
    if value in (None, "", []):
        return "—"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in field:
        return _type(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    if "properties" in field:
        return "{" + ", ".join(f"`{name}`" for name in field["properties"]) + "}"
    if "anyOf" in field:
        return _type(next(part for part in field["anyOf"] if part.get("type") != "null"), schema)
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    return f"list of {_type(field['items'], schema)}" if field["type"] == "array" else str(field["type"])


if __name__ == "__main__":
    sys.stdout.write(render_document())
