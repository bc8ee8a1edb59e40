"""A domain XML against libvirt's own RelaxNG schema: where the fault is, and what libvirt would overlook.

libvirt ignores elements and attributes it has never heard of, while its schema refuses them: they are kept,
and named in a warning. What the schema knows must be as the schema says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from pvc_core.xml.document import fault, line_of, parse_root

FREE = "metadata"
"""Anything may stand in there."""

FRAME = "<domain type='qemu'><name>x</name><memory>1</memory></domain>"
"""The least the schema accepts; each part is judged by itself inside of it."""

ARRANGEMENT = "each of its parts is as libvirt's schema wants it, their order or combination is not"
"""libvirt itself takes the parts of a domain in any order."""

MAX_TEXT = 40
MOST_TRIES = 200
"""Elements looked at for the fault; fewer in a larger part, since each look is at all of it: a device as
large as a whole XML must not keep everybody waiting."""

Valid = Callable[[etree._Element], bool]


@dataclass(frozen=True)
class Grammar:
    """The compiled schema, and every name that occurs in it."""

    schema: etree.RelaxNG
    elements: frozenset[str]
    attributes: frozenset[str]


def check_schema(xml: str, grammar: Grammar) -> tuple[str, ...]:
    """Warnings for what libvirt would ignore; raises InvalidXml with line and element for what is wrong."""
    root = parse_root(xml)
    warnings = tuple(_strip_unknown(root, grammar))
    if grammar.schema.validate(root):
        return warnings
    wrong = _locate(root, grammar.schema.validate)
    if wrong is not None:
        raise wrong
    return (*warnings, ARRANGEMENT)


def _strip_unknown(element: etree._Element, grammar: Grammar) -> Iterator[str]:
    for name in [str(name) for name in element.attrib if not _known(str(name), grammar.attributes)]:
        del element.attrib[name]
        yield f"line {line_of(element)}: libvirt ignores the attribute {name} of <{element.tag}>"
    for child in [child for child in element if isinstance(child.tag, str)]:
        if not _known(child.tag, grammar.elements):
            _remove(child)
            yield f"line {line_of(child)}: libvirt ignores <{etree.QName(child).localname}>"
        elif child.tag != FREE:
            yield from _strip_unknown(child, grammar)


def _known(name: str, names: frozenset[str]) -> bool:
    """The schema's own namespaces (that of QEMU's arguments and the like) are among its names."""
    return name in names or name.startswith("{http://www.w3.org/")


def _locate(root: etree._Element, valid: Valid) -> Exception | None:
    """The error for the smallest part whose absence would make things right; None if each is right."""
    if not valid(_framed(root)):
        return _wrong_inside(_framed(root), root, valid)
    for part, frame in _parts(root):
        if not valid(frame):
            return _wrong_inside(frame, part, valid)
    for child in root:
        if isinstance(child.tag, str) and len(root.findall(child.tag)) > 1:
            return fault(f"<{child.tag}> is given more than once", root.findall(child.tag)[1])
    return None


def _parts(root: etree._Element) -> Iterator[tuple[etree._Element, etree._Element]]:
    """Each child of the domain, and each device, with a frame that holds nothing else."""
    for child in root:
        if not isinstance(child.tag, str):
            continue
        inner = [part for part in child if isinstance(part.tag, str)] if child.tag == "devices" else []
        for part in inner:
            frame = _framed(root)
            etree.SubElement(frame, "devices").append(deepcopy(part))
            yield part, frame
        if not inner:
            frame = _framed(root)
            for same in frame.findall(child.tag):
                frame.remove(same)
            frame.append(deepcopy(child))
            yield child, frame


def _framed(root: etree._Element) -> etree._Element:
    frame = etree.fromstring(FRAME)
    frame.attrib.clear()
    frame.attrib.update(root.attrib)
    return frame


def _wrong_inside(frame: etree._Element, part: etree._Element, valid: Valid) -> Exception:
    """`frame` holds a copy of `part` as its last leaf, and is not valid."""
    held = _last_of(frame, part)
    tries = MOST_TRIES**2 // max(MOST_TRIES, sum(1 for _ in held.iter()))
    for element in islice(held.iter(etree.Element), tries):
        for name, value in list(element.attrib.items()):
            del element.attrib[name]
            if valid(frame):
                at = line_of(element) or line_of(part)
                return fault(f"<{element.tag}> must not have {_pair(name, value)}", at)
            element.attrib[name] = value
    for element in reversed(list(islice(held.iterdescendants(etree.Element), tries))):
        if _valid_without(element, frame, valid):
            return fault(f"{_shown(element)} is not accepted in <{held.tag}>", line_of(element))
    return fault(f"{_shown(part)} is not as libvirt's schema wants it", part)


def _last_of(frame: etree._Element, part: etree._Element) -> etree._Element:
    if part.tag == "domain":
        return frame
    return next(element for element in reversed(list(frame.iter())) if element.tag == part.tag)


def _valid_without(element: etree._Element, frame: etree._Element, valid: Valid) -> bool:
    parent = element.getparent()
    assert parent is not None
    place = parent.index(element)
    parent.remove(element)
    found = valid(frame)
    parent.insert(place, element)
    return found


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _shown(element: etree._Element) -> str:
    """Its start tag, and what it holds where that is all there is."""
    attributes = "".join(f" {_pair(name, value)}" for name, value in element.attrib.items())
    text = (element.text or "").strip()[:MAX_TEXT]
    holds = f" with {text!r}" if text and not len(element) else ""
    return f"<{element.tag}{attributes}>{holds}"


def _pair(name: str | bytes, value: str | bytes) -> str:
    return f"{name!s}={str(value)[:MAX_TEXT]!r}"
