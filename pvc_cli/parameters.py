"""A field of an operation as an argument or option: its bounds, choices, default and help."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import click
from pydantic.fields import FieldInfo

from pvc_cli.complete import BY_FIELD, complete_nodes, complete_tags

SEVERAL = "May be given several times, or with commas."

PROTECTED_TAGS = "protected_tags"
"""The second option of a field of tags."""

UNITS = {"_mib_s": "MIB/S", "_mib": "MIB", "_ms": "MS", "_s": "SECONDS"}
"""What a number counts, by the end of its field's name."""


class Several(click.Option):
    """May be given several times, or with commas: `hv1,hv2` is two of them, and no name holds a comma."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{**settings, "multiple": True})

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        return super().type_cast_value(ctx, [part for item in value or () for part in item.split(",")])


def parameters(name: str, field: FieldInfo, in_path: bool, partial: bool) -> list[click.Parameter]:
    """Of a `partial` operation, where no is not the same as nothing, booleans can be given both ways."""
    extra = _extra(field)
    kind = extra.get("cli")
    if kind == "file":
        return [click.Argument([name], metavar="FILE", type=click.Path(path_type=Path))]
    if kind == "upload":
        return [click.Argument([name], metavar="FILE", type=click.Path(exists=True, dir_okay=False))]
    if in_path or kind == "argument":
        return [_argument(name, field)]
    if kind == "tags":
        return _tags(name, partial)
    if kind == "fields":
        return [_fields(name, field, extra)]
    return [_option(name, field, partial)]


def _argument(name: str, field: FieldInfo) -> click.Argument:
    return click.Argument(
        [name],
        metavar=name.upper() if field.is_required() else f"[{name.upper()}]",
        required=field.is_required(),
        type=_click_type(_kind(field.annotation)[0], field),
        shell_complete=BY_FIELD.get(name),
    )


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def option_word(name: str) -> str:
    """A field's name as it is written on the command line."""
    return name.removesuffix("_s").replace("_", "-")


def _option(name: str, field: FieldInfo, partial: bool) -> click.Option:
    kind, many = _kind(field.annotation)
    word, aliases = option_word(name), _extra(field).get("aliases", ())
    if kind is bool:
        both = partial or field.default is None or any("/" in alias for alias in aliases)
        flag = f"--{word}/--no-{word}" if both else f"--{word}"
        return click.Option([flag, *aliases, name], is_flag=True, default=None, help=field.description)
    return (Several if many else click.Option)(
        [f"--{word}", *aliases, name],
        type=_click_type(kind, field),
        required=field.is_required(),
        metavar=None if _choices(kind) else _unit(name) if kind is int else _metavar(name, field),
        help=_help(field, many, partial),
        shell_complete=BY_FIELD.get(name),
    )


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "N")


def _metavar(name: str, field: FieldInfo) -> str:
    if "metavar" in _extra(field):
        return str(_extra(field)["metavar"])
    if name == "description":
        return "TEXT"
    return "NODE" if BY_FIELD.get(name) is complete_nodes else name.rpartition("_")[2].upper()


def _tags(name: str, partial: bool) -> list[click.Parameter]:
    kinds = (("-g", "--tag", name, "A tag"), ("-G", "--protected-tag", PROTECTED_TAGS, "A protected tag"))
    instead = "; those given are all it has then" if partial else ""
    return [
        Several(
            [short, long, dest],
            metavar="TAG",
            help=f"{what}{instead}. {SEVERAL}",
            shell_complete=complete_tags,
        )
        for short, long, dest, what in kinds
    ]


def _fields(name: str, field: FieldInfo, extra: Mapping[str, Any]) -> click.Option:
    """Names of fields, written as their options are."""
    words = {option_word(field): field for field in extra["items"]["enum"]}
    return Several(
        [f"--{name}"],
        type=click.Choice(list(words)),
        metavar="FIELD",
        callback=lambda ctx, param, given: tuple(words[word] for word in given),
        help=f"{field.description} FIELD is one of {', '.join(words)}. {SEVERAL}",
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


def _help(field: FieldInfo, many: bool, partial: bool) -> str:
    parts = [field.description or ""]
    extra = _extra(field)
    default = extra.get("default", field.default)
    if isinstance(default, str) and default and not partial:
        parts.append(f"[default: {default}]")
    return " ".join([*parts, SEVERAL] if many else parts)
