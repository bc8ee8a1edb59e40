"""Putting an element into an operator's XML, and taking one out, without disturbing its layout."""

from __future__ import annotations

from lxml import etree

STEP = "  "


def insert(parent: etree._Element, new: etree._Element, after: tuple[str, ...] = ()) -> None:
    """Behind the last child of one of these names, else at the end; indented like its neighbours."""
    known = [child for child in parent if child.tag in after]
    place = parent.index(known[-1]) + 1 if known else len(parent)
    inner, outer = _indentation_inside(parent), _indentation_before(parent)
    if place:
        before = parent[place - 1]
        new.tail, before.tail = (before.tail, inner) if place < len(parent) else (outer, inner)
    else:
        new.tail, parent.text = (inner if len(parent) else outer), inner
    indent(new, inner)
    parent.insert(place, new)


def take_out(element: etree._Element) -> None:
    """The white space in front of it goes too; text that is no white space stays."""
    parent = element.getparent()
    assert parent is not None
    place = parent.index(element)
    tail = element.tail or ""
    if place:
        before = parent[place - 1]
        before.tail = _joined(before.tail or "", tail)
    else:
        parent.text = _joined(parent.text or "", tail)
    parent.remove(element)


def indent(element: etree._Element, white: str) -> None:
    """Its inside, one step deeper than `white` each; what is written on one line stays so."""
    if not len(element) or "\n" not in white:
        return
    element.text = white + STEP
    for child in element:
        indent(child, white + STEP)
        child.tail = white + STEP
    element[-1].tail = white


def _joined(before: str, behind: str) -> str:
    return behind if not before.strip() else before + behind.lstrip()


def _indentation_inside(parent: etree._Element) -> str:
    if len(parent) and parent.text and not parent.text.strip():
        return str(parent.text)
    return _indentation_before(parent) + (STEP if "\n" in _indentation_before(parent) else "")


def _indentation_before(element: etree._Element) -> str:
    """The white space in front of its end tag, were it to stand on a line of its own."""
    parent = element.getparent()
    if parent is None:
        return "\n" if element.text and "\n" in element.text else ""
    before = parent.text if parent.index(element) == 0 else parent[parent.index(element) - 1].tail
    return str(before) if before and not before.strip() else ""
