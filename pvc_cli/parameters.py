"""A field of an operation as an argument or option: its bounds, choices, default and help."""

from __future__ import annotations

import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import click
from pydantic.fields import FieldInfo


def parameter(name: str, field: FieldInfo, in_path: bool) -> click.Parameter:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if extra.get("cli") == "file":
        return click.Argument([name], metavar="FILE", type=click.Path(path_type=Path))
    if in_path:
        return click.Argument([name], metavar=name.upper())
    return _option(name, field)


def _option(name: str, field: FieldInfo) -> click.Option:
    kind, many = _kind(field.annotation)
    flag = f"--{name.removesuffix('_s').replace('_', '-')}"
    if kind is bool:
        return click.Option([flag, name], is_flag=True, help=field.description)
    return click.Option(
        [flag, name],
        type=_click_type(kind, field),
        multiple=many,
        required=field.is_required(),
        metavar=None if kind is int or _choices(kind) else name.rpartition("_")[2].upper(),
        help=_help(field, many),
    )


def _kind(annotation: Any) -> tuple[Any, bool]:
    """The type behind "or null", Annotated and tuple; and whether it may be given several times."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _kind(next(choice for choice in inner if choice is not type(None)))
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin is tuple:
        return _kind(inner[0])[0], True
    return annotation, False


def _click_type(kind: Any, field: FieldInfo) -> click.ParamType[Any]:
    choices = _choices(kind)
    if choices:
        return click.Choice(choices)
    if kind is int:
        bounds = {
            side: getattr(rule, side)
            for rule in field.metadata
            for side in ("ge", "le")
            if hasattr(rule, side)
        }
        return click.IntRange(bounds.get("ge"), bounds.get("le"))
    return click.STRING


def _choices(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    return (
        [str(value) for value in typing.get_args(kind)] if typing.get_origin(kind) is typing.Literal else []
    )


def _help(field: FieldInfo, many: bool) -> str:
    parts = [field.description or ""]
    if isinstance(field.default, str) and field.default:
        parts.append(f"[default: {field.default}]")
    if many:
        parts.append("May be given several times.")
    return " ".join(parts)
