"""Parsing of untrusted XML: no network, no DTD, no entities; every fault with its line."""

from __future__ import annotations

import re

from lxml import etree

from pvc_core.errors import InvalidXml

DOCTYPE = re.compile(r"<!DOCTYPE")


def parse_root(xml: str) -> etree._Element:
    """The <domain> element; raises InvalidXml."""
    root = _parse(_as_bytes(xml))
    doctype = root.getroottree().docinfo.internalDTD
    if doctype is not None:
        raise fault("a DTD (<!DOCTYPE ...>) and entities are not accepted", _line_of_doctype(xml))
    if root.tag != "domain":
        raise fault(f"the root element must be <domain>, not <{root.tag}>", root)
    return root


def text_of(element: etree._Element) -> str:
    """All text inside, as XPath's string() and so libvirt sees it: comments left out."""
    return str(element.xpath("string()"))


def fault(sentence: str, at: etree._Element | int | None = None) -> InvalidXml:
    """The error to raise; `at` is the element at fault, or a line."""
    line = at if isinstance(at, int) or at is None else line_of(at)
    where = f"line {line}: " if line else ""
    return InvalidXml(f"the domain XML is unsuitable: {where}{sentence}", line=line)


def _as_bytes(xml: str) -> bytes:
    try:
        return xml.encode("utf-8")
    except UnicodeEncodeError as error:
        line = xml.count("\n", 0, error.start) + 1
        raise fault("it holds a character that no XML may hold", line) from None


def _parse(data: bytes) -> etree._Element:
    # The encoding is fixed: text that came to us as `str` is UTF-8 by now, whatever it declares.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, strip_cdata=False
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise fault(f"it is not well-formed: {_reason(error)}", error.lineno) from None


def _reason(error: etree.XMLSyntaxError) -> str:
    """libxml2's words without the position, which the sentence has in front."""
    words = " ".join(str(error.msg or "it is empty").split())
    return re.sub(r", line \d+, column \d+$", "", words)


def line_of(element: etree._Element) -> int | None:
    line: object = element.sourceline
    return line if isinstance(line, int) else None


def _line_of_doctype(xml: str) -> int | None:
    found = DOCTYPE.search(xml)
    return xml.count("\n", 0, found.start()) + 1 if found else None
