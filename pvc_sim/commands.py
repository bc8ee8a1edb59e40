"""From a command line, without `pvc`, to the operation it asks for; made from the operation's own class."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import BY_NAME, Operation

ALIASES = {"node unflush": "node ready"}
ACCEPTED = ("--wait", "--yes")
"""Options of the CLI that change nothing for the cluster."""


def parse_command(text: str, folder: Path | None = None) -> Operation | None:
    """None for what is no operation; raises InvalidRequest for a wrong one."""
    words = shlex.split(text)
    noun = " ".join(words[:2])
    operation = BY_NAME.get(ALIASES.get(noun, noun).replace(" ", "."))
    if operation is None or operation.url is None:
        return None
    arguments, options = _split(operation, [word for word in words[2:] if word not in ACCEPTED])
    names = re.findall(r"<(\w+)>", operation.url) or ["xml"]
    if len(arguments) != len(names):
        raise InvalidRequest(f"{text!r}: give {' '.join(name.upper() for name in names)}")
    fields = dict(zip(names, arguments, strict=True)) | options
    if "xml" in fields:
        fields["xml"] = _read(folder, fields["xml"])
    return operation.parse(fields)


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
        if name not in operation.model_fields:
            raise InvalidRequest(f"{operation.name} has no option {word}")
        default = operation.model_fields[name].default
        options[name] = True if isinstance(default, bool) else _value(default, next(rest, ""))
    return arguments, options


def _value(default: Any, text: str) -> Any:
    """As JSON would have it: numbers as numbers, lists as lists."""
    if isinstance(default, tuple):
        return text.split(",")
    return int(text) if text.isdigit() else text


def _read(folder: Path | None, name: str) -> str:
    if folder is None or Path(name).name != name:
        raise InvalidRequest(f"{name} must lie in the scenario's folder")
    try:
        return (folder / name).read_text()
    except OSError as error:
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}") from None
