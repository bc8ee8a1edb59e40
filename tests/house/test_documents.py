"""Documents that must stay true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

import pytest
import yaml
from pydantic import BaseModel
from source import ROOT

from pvc_core.config import Config
from pvc_core.decide import states_document
from pvc_core.model import job, node


def drawn(document: str) -> set[tuple[str, str]]:
    text = (ROOT / "docs" / document).read_text()
    diagram = text.partition("```mermaid")[2].partition("```")[0]
    return {(a, b) for a, b in re.findall(r"^\s*(\w+) --> (\w+)$", diagram, re.MULTILINE)}


@pytest.mark.parametrize(
    ("document", "transitions"), [("jobs.md", job.TRANSITIONS), ("states.md", node.TRANSITIONS)]
)
def test_diagrams_show_the_transitions(
    document: str, transitions: Mapping[StrEnum, frozenset[StrEnum]]
) -> None:
    assert drawn(document) == {(a.value, b.value) for a, following in transitions.items() for b in following}


def test_the_table_of_vm_states_is_the_one_that_decides() -> None:
    document = (ROOT / "docs/states.md").read_text()
    assert document == states_document.replaced(document), (
        "write it anew: .venv/bin/python -m pvc_core.decide.states_document < docs/states.md"
    )


def test_the_sample_configuration_documents_every_key() -> None:
    sample = yaml.safe_load((ROOT / "config/pvc.sample.yaml").read_text())
    assert missing_keys(Config, sample) == []


def missing_keys(model: type[BaseModel], sample: Mapping[str, object], prefix: str = "") -> list[str]:
    missing = [prefix + name for name in model.model_fields if name not in sample]
    for name, field in model.model_fields.items():
        section = field.annotation if isinstance(field.annotation, type) else None
        if section is not None and issubclass(section, BaseModel) and isinstance(sample.get(name), dict):
            missing += missing_keys(section, sample[name], f"{prefix}{name}.")  # type: ignore[arg-type]
    return missing


def test_the_sample_shows_the_defaults() -> None:
    sample = Config.model_validate(yaml.safe_load((ROOT / "config/pvc.sample.yaml").read_text()))
    for name in ("api", "worker", "hypervisor", "jobs", "logs", "subsystems"):
        section = getattr(sample, name)
        defaults = type(section)().model_dump()
        shown = section.model_dump()
        assert shown | {"bootstrap_token_file": None} == defaults | {"bootstrap_token_file": None}


def test_links_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
