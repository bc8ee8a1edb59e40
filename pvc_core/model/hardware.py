"""A VM's hardware as its definition has it: what can be looked at and changed piece by piece."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from pvc_core.model.record import Record

MAC_PATTERN = r"^[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}$"
BRIDGE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$"
WORD_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,31}$"
DISK_ID_PATTERN = r"^(?:vd|sd|hd|xvd)[a-z]{1,2}$"
PRINTABLE_PATTERN = r"^[^\x00-\x1f\x7f\uFFFE\uFFFF]+$"
"""No XML may hold the last two."""
TOPOLOGY_PATTERN = r"^[0-9]{1,5},[0-9]{1,5},[0-9]{1,5}$"

MacAddress = Annotated[str, StringConstraints(pattern=MAC_PATTERN)]
Word = Annotated[str, StringConstraints(pattern=WORD_PATTERN)]
DiskId = Annotated[str, StringConstraints(pattern=DISK_ID_PATTERN)]
Topology = Annotated[str, StringConstraints(pattern=TOPOLOGY_PATTERN)]


class VolumeType(StrEnum):
    RBD = "rbd"
    FILE = "file"


class Bus(StrEnum):
    VIRTIO = "virtio"
    SCSI = "scsi"
    IDE = "ide"
    SATA = "sata"
    USB = "usb"


COLD_BUSES = frozenset({Bus.IDE, Bus.SATA})
"""Disks on these are neither given to a guest while it runs, nor taken from it: libvirt does not."""


class ImageFormat(StrEnum):
    RAW = "raw"
    QCOW2 = "qcow2"


class Vcpus(Record):
    """Virtual CPUs: those the guest starts with, and how many it can grow to while it runs."""

    vcpus: int
    maximum: int
    topology: str | None = None
    """Sockets, cores, threads."""


class Memory(Record):
    """MiB: the most it may use, and what it starts with."""

    memory_mib: int
    current_mib: int


class NetworkDevice(Record):
    type: str
    network: str | None = None
    """The bridge, or whatever else its source names."""
    macaddr: str | None = None
    model: str | None = None
    exists: bool | None = None
    """On the node where the VM belongs; None if that is not known."""


class VolumeDevice(Record):
    type: str
    """rbd, file, block, or libvirt's word for it."""
    volume: str | None = None
    """POOL/NAME of an RBD image, the path of a file; none for an empty drive."""
    disk_id: str | None = None
    bus: str | None = None
    device: str = "disk"


class Hardware(Record):
    vcpus: Vcpus
    memory: Memory
    networks: tuple[NetworkDevice, ...] = ()
    volumes: tuple[VolumeDevice, ...] = ()
    restart_needed: bool = False
    """The running domain is not yet as defined."""
