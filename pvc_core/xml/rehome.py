"""A definition taken to another place: another name, other volumes, another way to the storage."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from lxml import etree

from pvc_core.xml.document import parse_root
from pvc_core.xml.edit import with_name, with_uuid, written

RBD = "devices/disk[@type='network']/source[@protocol='rbd']"
ACCESS = ("host", "auth", "config")


def rehomed(xml: str, name: str, uuid: str, volumes: Mapping[str, str], like: str | None) -> str:
    """`volumes` maps POOL/VOLUME to what it is called here; the storage is reached as the XML `like` does it.

    Disks that are not among them stay as they are.
    """
    root = parse_root(with_uuid(with_name(xml, name), uuid))
    pattern = None if like is None else parse_root(like).find(RBD)
    for source in root.findall(RBD):
        source.set("name", volumes.get(source.get("name", ""), source.get("name", "")))
        if pattern is not None:
            _reach_as(source, pattern)
    return written(root)


def has_rbd(xml: str) -> bool:
    return parse_root(xml).find(RBD) is not None


def _reach_as(source: etree._Element, pattern: etree._Element) -> None:
    for part in [part for part in source if part.tag in ACCESS]:
        source.remove(part)
    for part in (part for part in pattern if part.tag in ACCESS):
        source.append(deepcopy(part))
    disk, other = source.getparent(), pattern.getparent()
    if disk is None or other is None:
        return
    for auth in disk.findall("auth"):
        disk.remove(auth)
    if (outer := other.find("auth")) is not None:
        disk.insert(disk.index(source), deepcopy(outer))
