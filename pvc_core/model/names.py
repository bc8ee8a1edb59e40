"""What names and ids may look like; everything that ends up in a path or a host name is checked here."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$"
VM_NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$"
TAG_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._:=-]{0,61}[A-Za-z0-9._=-])?$"
PLAN_ID_PATTERN = r"^[0-9a-f]{12}$"
ANY_NAME_PATTERN = r"^[^\x00]{1,1024}$"
"""Whatever Ceph may call an image: librbd would read no further than to a zero byte."""
VOLUME_NAME_PATTERN = r"^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,62})$"
DEVICE_PATTERN = r"^/dev/[A-Za-z0-9][A-Za-z0-9._:/-]{0,120}$"
OSD_PATTERN = r"^(?:osd\.)?[0-9]{1,5}$"
DIRECTORY_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126})$"
S3 = "s3:"
"""In front of the name of an export that is kept there, not in a directory."""
EXPORT_PATTERN = rf"^(?:{S3})?{DIRECTORY_PATTERN.removeprefix('^')}"
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
JOB_ID_PATTERN = r"^[0-9]{8}t[0-9]{6}-[0-9a-z]{8}(?:-[0-9a-z]{1,16}){0,2}$"

NodeName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
VmName = Annotated[str, StringConstraints(pattern=VM_NAME_PATTERN)]
PoolName = Annotated[str, StringConstraints(pattern=VOLUME_NAME_PATTERN)]
DevicePath = Annotated[str, StringConstraints(pattern=DEVICE_PATTERN)]
OsdName = Annotated[str, StringConstraints(pattern=OSD_PATTERN)]
VolumeName = Annotated[str, StringConstraints(pattern=VOLUME_NAME_PATTERN)]
SnapshotName = Annotated[str, StringConstraints(pattern=VOLUME_NAME_PATTERN)]
VmSnapshotName = Annotated[str, StringConstraints(pattern=VOLUME_NAME_PATTERN, max_length=48)]
"""Shorter: it is a part of the names of the snapshots of the VM's volumes."""
PlanId = Annotated[str, StringConstraints(pattern=PLAN_ID_PATTERN)]
TagName = Annotated[str, StringConstraints(pattern=TAG_PATTERN)]
VmUuid = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
JobId = Annotated[str, StringConstraints(pattern=JOB_ID_PATTERN)]
