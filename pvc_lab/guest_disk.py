"""The RBD disk of a lab guest, as its domain XML says it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from pvc_core.errors import WrongState
from pvc_lab.ceph.place import LIBVIRT_USER, MON_PORTS, secret_uuid
from pvc_lab.errors import BadOption
from pvc_lab.layout import Layout

IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def disk_xml(layout: Layout, image: str) -> ET.Element:
    """The same on every node, so that the guest can migrate. Raises BadOption or WrongState."""
    if not IMAGE.fullmatch(image):
        raise BadOption(f"{image!r} is no image", "Write POOL/VOLUME.")
    if not layout.ceph:
        raise WrongState("the lab has no Ceph", "Make a lab that has: pvc-lab up --ceph")
    disk = ET.Element("disk", type="network", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="raw", cache="none", discard="unmap")
    source = ET.SubElement(disk, "source", protocol="rbd", name=image)
    for node in layout.members:
        ET.SubElement(source, "host", name=node.address, port=str(MON_PORTS["v1"]))
    owner = ET.SubElement(source, "auth", username=LIBVIRT_USER)
    ET.SubElement(owner, "secret", type="ceph", uuid=secret_uuid(layout))
    ET.SubElement(disk, "target", dev="vda", bus="virtio")
    return disk
