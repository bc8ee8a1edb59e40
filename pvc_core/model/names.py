"""What names and ids may look like; everything that ends up in a path or a host name is checked here."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$"
VM_NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$"
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
JOB_ID_PATTERN = r"^[0-9]{8}t[0-9]{6}-[0-9a-z]{8}(?:-[0-9a-z]{1,16}){0,2}$"

NodeName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
VmName = Annotated[str, StringConstraints(pattern=VM_NAME_PATTERN)]
VmUuid = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
JobId = Annotated[str, StringConstraints(pattern=JOB_ID_PATTERN)]
