"""A scenario: what is given, and what happens when. As a folder, or made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pvc_core.errors import InvalidRequest
from pvc_core.model.operations.base import as_invalid
from pvc_sim.given import Given, parse_given
from pvc_sim.verbs import check_verb

GOLDEN = "log.expect"


class Event(BaseModel):
    """`do` is a command of the CLI without `pvc`, or a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: float = Field(ge=0)
    do: str = Field(min_length=1)


EVENTS = TypeAdapter(list[Event])


@dataclass(frozen=True)
class Scenario:
    name: str
    given: Given
    events: tuple[Event, ...]
    folder: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Domain XMLs that commands name, by their file's name."""

    @property
    def golden(self) -> Path | None:
        return None if self.folder is None else self.folder / GOLDEN

    @property
    def ends_at(self) -> float:
        return max((event.at for event in self.events), default=0.0)


def load_scenario(folder: Path) -> Scenario:
    """Raises InvalidRequest naming the fault."""
    given = parse_given(_read(folder / "given.yaml"), f"{folder.name}/given.yaml")
    try:
        events = EVENTS.validate_python(_read(folder / "events.yaml"))
    except ValidationError as error:
        raise as_invalid(f"{folder.name}/events.yaml", error) from None
    for event in events:
        check_verb(event.do)
    files = {path.name: _text(path) for path in sorted(folder.glob("*.xml"))}
    return Scenario(folder.name, given, tuple(events), folder, files)


def dump_scenario(scenario: Scenario) -> str:
    """As the files of a folder, one after the other; what a breach prints."""
    given = scenario.given.model_dump(mode="json", exclude_defaults=True)
    events = [{"at": round(event.at, 3), "do": event.do} for event in scenario.events]
    parts = {"given.yaml": given, "events.yaml": events}
    texts = {name: yaml.safe_dump(value, sort_keys=False) for name, value in parts.items()}
    used = {
        name: text
        for name, text in scenario.files.items()
        if any(name in event.do for event in scenario.events)
    }
    return "\n".join(f"# {name}\n{text}" for name, text in {**texts, **used}.items())


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise InvalidRequest(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from None
