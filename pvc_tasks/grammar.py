"""libvirt's schema as it is installed on this machine, compiled once per process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from lxml import etree

from pvc_core.xml.schema import Grammar, check_schema

DIALECT = "{http://relaxng.org/ns/structure/1.0}"
FIRST = "domain.rng"

_lock = Lock()
"""A compiled schema keeps the errors of its last use in itself."""
_known: dict[Path, Grammar] = {}


def check_domain(xml: str, directory: Path) -> tuple[str, ...]:
    """Warnings; raises InvalidXml. Where no schema is installed, that is the warning."""
    with _lock:
        try:
            grammar = _known[directory] if directory in _known else _load(directory)
        except (OSError, etree.LxmlError):
            return (f"not checked against libvirt's schema: there is none in {directory}",)
        _known[directory] = grammar
        return check_schema(xml, grammar)


def _load(directory: Path) -> Grammar:
    trees = _with_includes(directory, FIRST, {})
    names = {kind: _names(trees.values(), kind) for kind in ("element", "attribute")}
    schema = etree.RelaxNG(trees[FIRST])
    return Grammar(schema, names["element"], names["attribute"])


def _with_includes(
    directory: Path, name: str, found: dict[str, etree._ElementTree]
) -> dict[str, etree._ElementTree]:
    if name not in found:
        found[name] = etree.parse(directory / name)
        for include in found[name].iter(f"{DIALECT}include"):
            _with_includes(directory, include.get("href", ""), found)
    return found


def _names(trees: Iterable[etree._ElementTree], kind: str) -> frozenset[str]:
    parts = [part for tree in trees for part in tree.iter(f"{DIALECT}{kind}") if part.get("name")]
    return frozenset(_space_of(part) + str(part.get("name")) for part in parts)


def _space_of(part: etree._Element) -> str:
    """The namespace a part of the schema is about, as its nearest ancestor says."""
    line = [part, *part.iterancestors()]
    space = next((element.get("ns") for element in line if element.get("ns") is not None), "")
    return f"{{{space}}}" if space else ""
