"""A command line, without `pvc`, read by the CLI's own commands: what it asks for, and nothing done yet."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pvc_cli.generate import request_of
from pvc_cli.main import main
from pvc_cli.session import Session
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import BY_NAME, Operation

ABSENT = {
    "storage": "there is no storage in the simulator",
    "network": "there are no networks in the simulator",
    "provisioner": "there is no provisioner in the simulator",
    "connection": "the simulator is its own cluster",
}
"""Nouns that PVC users know, and that mean nothing here."""


@dataclass(frozen=True)
class Asked:
    """A verb of the CLI by its path, as `vm list`, and what was said with it, by parameter."""

    path: str
    said: Mapping[str, Any]

    @property
    def reason(self) -> str:
        return self.said.get("reason") or ""

    def operation(self, files: Mapping[str, str]) -> Operation | None:
        """What it submits; None for what only looks. A file is one of the scenario's."""
        operation = BY_NAME.get(self.path.replace(" ", "."))
        if operation is None:
            return None
        said = {name: _text(files, value) for name, value in self.said.items()}
        request = request_of(operation, {**said, "reason": None})
        return operation.parse({**request.parts, **request.fields})


def parse_command(text: str) -> Asked:
    """Raises InvalidRequest as the command line would refuse it."""
    try:
        command, path, rest = _find(shlex.split(text))
        context = command.make_context(" ".join(path), list(rest), obj=Session(), help_option_names=[])
    except click.ClickException as error:
        raise InvalidRequest(f"{text!r}: {error.format_message()}") from None
    except (ValueError, click.exceptions.Exit) as error:
        raise InvalidRequest(f"{text!r} is no command: {error}") from None
    return Asked(" ".join(path), context.params)


def _find(words: Sequence[str]) -> tuple[click.Command, list[str], Sequence[str]]:
    """The verb, its path in its own words, and what stands behind it."""
    command: click.Command = main
    path: list[str] = []
    while isinstance(command, click.Group):
        word, *words = words or [""]
        if not path and word in ABSENT:
            raise InvalidRequest(ABSENT[word])
        found = command.get_command(click.Context(command), word)
        if found is None:
            raise InvalidRequest(f"there is no command {' '.join([*path, word]).strip()!r}")
        command, path = found, [*path, found.name or word]
    return command, path, words


def _text(files: Mapping[str, str], value: Any) -> Any:
    """In place of a file what it holds."""
    if not isinstance(value, Path):
        return value
    if str(value) not in files:
        raise InvalidRequest(f"{value} must lie in the scenario's folder")
    return files[str(value)]
