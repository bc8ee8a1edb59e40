"""Pydantic's JSON schema, reduced to what Swagger 2.0 can say.

Swagger 2.0 knows no `anyOf`, no `null` and no numeric exclusive bounds, and flask-restx leaves nested
references dangling: so references are resolved in place, and "X or null" becomes `x-nullable`.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

KEPT = frozenset({"type", "format", "description", "default", "enum", "pattern", "required"}) | {
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
}


def schema_of(model: type[BaseModel], without: frozenset[str] = frozenset()) -> Schema:
    """The model as a Swagger object, less the fields named."""
    raw = model.model_json_schema()
    known = raw.get("$defs", {})
    raw["properties"] = {
        name: part for name, part in raw.get("properties", {}).items() if name not in without
    }
    required = [name for name in raw.get("required", ()) if name not in without]
    return {**_plain(raw, known), "required": required} if required else _plain(_no_required(raw), known)


def _no_required(raw: Schema) -> Schema:
    return {key: value for key, value in raw.items() if key != "required"}


def _plain(raw: Schema, known: dict[str, Schema]) -> Schema:
    if "$ref" in raw:
        target = known[raw["$ref"].rpartition("/")[2]]
        return _plain({**target, **{key: value for key, value in raw.items() if key != "$ref"}}, known)
    if "anyOf" in raw:
        return _plain_choice(raw, known)
    plain = {key: value for key, value in raw.items() if key in KEPT and value is not None}
    if "const" in raw:
        plain["enum"] = [raw["const"]]
    return {**plain, **_bounds(raw), **_inner(raw, known)}


def _plain_choice(raw: Schema, known: dict[str, Schema]) -> Schema:
    """Of "X or null" X with x-nullable; any other choice cannot be said and is left open."""
    rest = {key: value for key, value in raw.items() if key != "anyOf"}
    choices = [choice for choice in raw["anyOf"] if choice.get("type") != "null"]
    nullable = {"x-nullable": True} if len(choices) < len(raw["anyOf"]) else {}
    chosen = choices[0] if len(choices) == 1 else {}
    return {**_plain({**chosen, **rest}, known), **nullable}


def _bounds(raw: Schema) -> Schema:
    bounds: Schema = {}
    for side in ("minimum", "maximum"):
        exclusive = f"exclusive{side.capitalize()}"
        if exclusive in raw:
            bounds |= {side: raw[exclusive], exclusive: True}
    return bounds


def _inner(raw: Schema, known: dict[str, Schema]) -> Schema:
    inner: Schema = {}
    if "properties" in raw:
        inner["properties"] = {name: _plain(part, known) for name, part in raw["properties"].items()}
    if isinstance(raw.get("items"), dict):
        inner["items"] = _plain(raw["items"], known)
    extra = raw.get("additionalProperties")
    if extra is not None:
        inner["additionalProperties"] = _plain(extra, known) if isinstance(extra, dict) else extra
    return inner
