"""Changes to the operator's own XML: one element is touched, all else stays as it was written.

The XML declaration is left out of the result: the text travels as UTF-8 from here on, and libvirt
would believe another encoding that an operator's editor once declared.
"""

from __future__ import annotations

from lxml import etree

from pvc_core.xml.document import fault, parse_root, text_of
from pvc_core.xml.identity import NAME_HELP, good_name, normal_uuid


def with_uuid(xml: str, uuid: str) -> str:
    """The same XML with this UUID; raises InvalidXml."""
    normal = normal_uuid(uuid)
    if normal is None:
        raise fault(f"{uuid!r} is not a UUID")
    root = parse_root(xml)
    _set_text(_first_or_new(root, "uuid"), normal)
    return written(root)


def with_name(xml: str, name: str) -> str:
    """The same XML under another name, and with it the log files that bear the old; raises InvalidXml."""
    if not good_name(name):
        raise fault(f"the name {name!r} is not usable: {NAME_HELP}")
    root = parse_root(xml)
    element = _first_or_new(root, "name")
    _rename_logs(root, text_of(element), name)
    _set_text(element, name)
    return written(root)


def _rename_logs(root: etree._Element, old: str, new: str) -> None:
    """A new VM of the old name would write into the same file."""
    for log in root.findall("devices/*/log"):
        directory, slash, file = (log.get("file") or "").rpartition("/")
        if slash and file in (old, f"{old}.log"):
            log.set("file", directory + slash + new + file[len(old) :])


def _first_or_new(root: etree._Element, tag: str) -> etree._Element:
    found = root.find(tag)
    return _inserted(root, tag) if found is None else found


def _inserted(root: etree._Element, tag: str) -> etree._Element:
    """A new element after <name> (or in front of everything), indented like its neighbour."""
    new = etree.Element(tag)
    name = root.find("name")
    if name is None:
        new.tail = _indentation(root)
        root.insert(0, new)
    else:
        new.tail, name.tail = name.tail, _indentation(root)
        root.insert(root.index(name) + 1, new)
    return new


def _indentation(root: etree._Element) -> str | None:
    """The white space in front of the first child."""
    return root.text if root.text and not root.text.strip() else None


def _set_text(element: etree._Element, text: str) -> None:
    """Comments inside stay, child elements would add to the text and go."""
    for child in list(element):
        if isinstance(child.tag, str):
            element.remove(child)
        else:
            child.tail = None
    element.text = text


def written(root: etree._Element) -> str:
    """The document's text again."""
    return str(etree.tostring(root.getroottree(), encoding="unicode"))
