"""Operations on OSDs and their flags."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pvc_core.model.names import DevicePath, NodeName, OsdName
from pvc_core.model.operations.storage import OfStorage

OsdFlag = Literal[
    "noout",
    "noin",
    "noup",
    "nodown",
    "norebalance",
    "norecover",
    "nobackfill",
    "noscrub",
    "nodeep-scrub",
]
"""None of them stops a guest's reads and writes; `pause` would."""


DRAINING_DAYS = 14.0
"""The data of a large disk may take days to be placed elsewhere."""


class OfFlag(OfStorage):
    flag: OsdFlag = Field(description="The flag; it holds for all OSDs.")


class OfOsd(OfStorage):
    osd: OsdName = Field(description="The OSD: its number, or osd.NUMBER.")


class SetOsdFlag(OfFlag):
    """Set a flag for all OSDs, as noout: what is down is not rebuilt elsewhere."""

    name: ClassVar[str] = "storage.osd.set"
    url: ClassVar[str | None] = "/storage/ceph/flag/<flag>"


class UnsetOsdFlag(OfFlag):
    """Take a flag off all OSDs; those that are held for a node's maintenance stay so."""

    name: ClassVar[str] = "storage.osd.unset"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/storage/ceph/flag/<flag>"


class PutOsdIn(OfOsd):
    """Let data be placed on an OSD again."""

    name: ClassVar[str] = "storage.osd.in"
    url: ClassVar[str | None] = "/storage/ceph/osd/<osd>/in"


class TakeOsdOut(OfOsd):
    """Take an OSD's data elsewhere; it goes on running.

    Refused where the others could not hold what it has: too few hosts for the copies of a pool, or too little
    space.
    """

    name: ClassVar[str] = "storage.osd.out"
    url: ClassVar[str | None] = "/storage/ceph/osd/<osd>/out"
    destructive: ClassVar[bool] = True

    force: OsdName | None = Field(
        None,
        description="The OSD's name once more: although the others cannot hold what it has.",
        json_schema_extra={"metavar": "OSD"},
    )


class AddOsd(OfStorage):
    """Make an OSD of a whole disk, and wait until it is up and in.

    Refused for a disk that is in use; and, without `force`, for one on which a partition, a file system or
    anything else is found.
    """

    name: ClassVar[str] = "storage.osd.add"
    url: ClassVar[str | None] = "/storage/ceph/node/<node>/osd"
    destructive: ClassVar[bool] = True

    node: NodeName = Field(description="The node the disk is in.")
    device: DevicePath = Field(description="The disk, as /dev/sdb.", json_schema_extra={"cli": "argument"})
    device_class: Literal["hdd", "ssd", "nvme"] | None = Field(
        None, description="Its device class; what Ceph takes it for, if not given."
    )
    force: DevicePath | None = Field(
        None,
        description="The disk's name once more: wipe what is on it.",
        json_schema_extra={"metavar": "DEVICE"},
    )


class ReplaceOsd(OfOsd):
    """Give an OSD another disk of its node; it keeps its number and its place.

    Its data are placed elsewhere first, until Ceph calls it safe to destroy; refused where the others could
    not hold them. By `force` the copies it has are given up, as for a disk that is lost, but never so that
    data cannot be used; they then move only once. The new disk is looked at before anything is changed: it
    must not be in use, nor smaller, nor, without `wipe`, hold a partition, a file system or anything else.
    """

    name: ClassVar[str] = "storage.osd.replace"
    url: ClassVar[str | None] = "/storage/ceph/osd/<osd>/replace"
    least_days: ClassVar[float] = DRAINING_DAYS
    destructive: ClassVar[bool] = True

    device: DevicePath = Field(
        description="The new disk, as /dev/sdc, on the node the OSD is on.",
        json_schema_extra={"cli": "argument"},
    )
    wipe: DevicePath | None = Field(
        None,
        description="The new disk's name once more: wipe what is on it.",
        json_schema_extra={"metavar": "DEVICE"},
    )
    force: OsdName | None = Field(
        None,
        description="The OSD's name once more: its disk is lost, or may be; do not wait until its data are "
        "elsewhere.",
        json_schema_extra={"metavar": "OSD"},
    )


class RemoveOsd(OfOsd):
    """Empty an OSD, stop it, and remove it from Ceph.

    Its data are placed elsewhere first, until Ceph calls it safe to destroy. Refused where the others could
    not hold what it has. By `force` the copies it has are given up, but never so that data cannot be used.
    """

    name: ClassVar[str] = "storage.osd.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/storage/ceph/osd/<osd>"
    least_days: ClassVar[float] = DRAINING_DAYS
    destructive: ClassVar[bool] = True

    force: OsdName | None = Field(
        None,
        description="The OSD's name once more: do not wait until its data are elsewhere.",
        json_schema_extra={"metavar": "OSD"},
    )
