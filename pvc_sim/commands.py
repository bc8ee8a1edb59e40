"""From a command line, without `pvc`, to the operation it asks for; made from the operation's own class."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import BY_NAME, Operation

ALIASES = {"node unflush": "node ready"}
NO_FILES: Mapping[str, str] = {}
ACCEPTED = ("--wait", "--yes")
"""Options of the CLI that change nothing for the cluster."""


def parse_command(text: str, files: Mapping[str, str] = NO_FILES) -> Operation | None:
    """None for what is no operation; raises InvalidRequest for a wrong one."""
    operation, words = _operation(shlex.split(text))
    if operation is None or operation.url is None:
        return None
    arguments, options = _split(operation, [word for word in words if word not in ACCEPTED])
    names = [*re.findall(r"<(\w+)>", operation.url), *_positional(operation)]
    needed = [name for name in names if operation.model_fields[name].is_required()]
    if not len(needed) <= len(arguments) <= len(names):
        raise InvalidRequest(f"{text!r}: give {' '.join(name.upper() for name in names)}")
    given = {name: _typed(operation, name, text) for name, text in zip(names, arguments, strict=False)}
    fields = given | options
    if "xml" in fields:
        fields["xml"] = _read(files, fields["xml"])
    return operation.parse(fields)


def _operation(words: list[str]) -> tuple[type[Operation] | None, list[str]]:
    """Named by two words or by three; and the words behind."""
    for count in (3, 2):
        noun = " ".join(words[:count])
        operation = BY_NAME.get(ALIASES.get(noun, noun).replace(" ", "."))
        if operation is not None:
            return operation, words[count:]
    return None, words


def _positional(operation: type[Operation]) -> list[str]:
    """Fields that are arguments on the command line."""
    marked = {name: field.json_schema_extra for name, field in operation.model_fields.items()}
    return [
        name
        for name, extra in marked.items()
        if isinstance(extra, dict) and extra.get("cli") in ("file", "argument")
    ]


def _typed(operation: type[Operation], name: str, text: str) -> Any:
    return int(text) if operation.model_fields[name].annotation is int and text.isdigit() else text


def _split(operation: type[Operation], words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Arguments, and options by field."""
    arguments: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            arguments.append(word)
            continue
        name = word.removeprefix("--").replace("-", "_")
        name = f"{name}_s" if f"{name}_s" in operation.model_fields else name
        if (plain := name.removeprefix("no_")) != name and _is_boolean(operation, plain):
            options[plain] = False
            continue
        if name not in operation.model_fields:
            raise InvalidRequest(f"{operation.name} has no option {word}")
        default = operation.model_fields[name].default
        options[name] = True if _is_boolean(operation, name) else _value(default, next(rest, ""))
    return arguments, options


def _is_boolean(operation: type[Operation], name: str) -> bool:
    """Whether that is a field that is yes or no, or left to others."""
    field = operation.model_fields.get(name)
    return field is not None and field.annotation in (bool, bool | None)


def _value(default: Any, text: str) -> Any:
    """As JSON would have it: numbers as numbers, lists as lists."""
    if isinstance(default, tuple):
        return text.split(",")
    return int(text) if text.isdigit() else text


def _read(files: Mapping[str, str], name: str) -> str:
    if name not in files:
        raise InvalidRequest(f"{name} must lie in the scenario's folder")
    return files[name]
