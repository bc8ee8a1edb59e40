"""Sizes as people write them: 20G, 512M, 1.5T, 1073741824."""

from __future__ import annotations

import re
from decimal import Decimal
from math import ceil
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

SIZE_PATTERN = r"^[0-9]{1,19}(?:\.[0-9]{1,6})?(?:[KMGTkmgt](?:i?[Bb])?|[Bb])?$"
UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SECTOR = 512
MOST = 1 << 60
"""More than any storage has; sums of such sizes still fit everywhere."""


def parse_size(text: str) -> int:
    """Bytes, rounded up to whole sectors; raises ValueError for what is no size of a volume."""
    found = re.match(r"([0-9.]+)([A-Za-z]?)", text)
    if not re.match(SIZE_PATTERN, text) or found is None:
        raise ValueError(f"{text!r} is not a size")
    exact = Decimal(found.group(1)) * UNITS[found.group(2).upper()]
    size = ceil(exact / SECTOR) * SECTOR
    if not 0 < size <= MOST:
        raise ValueError("must be more than nothing, and at most 1 EiB")
    return size


def render_size(size: int) -> str:
    """As people read it, never more than it is: `512 B`, `1.5 GiB`."""
    for unit, length in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= length:
            return f"{size * 10 // length / 10:g} {unit}"
    return f"{size} B"


def _checked(text: str) -> str:
    parse_size(text)
    return text


Size = Annotated[str, StringConstraints(pattern=SIZE_PATTERN), AfterValidator(_checked)]
