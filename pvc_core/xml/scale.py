"""Sizes as libvirt writes them: a number and a unit, 1000 or 1024 by the unit's last letters."""

from __future__ import annotations

import re

UNIT = re.compile(r"(?P<prefix>[kmgtpe])(?P<base>b|ib)?", re.IGNORECASE)
NUMBER = re.compile(r"[ \t\r\n]*\+?0*([0-9]{1,20})")
BYTES = ("b", "byte", "bytes")
PREFIXES = "kmgtpe"
MIB = 1024 * 1024
MAX_BYTES = 2**63 - 1
UNITS_HELP = "use bytes, KB, KiB, MB, MiB, GB, GiB, TB or TiB"


def whole_number(text: str) -> int | None:
    """What C's strtoull makes of it; None when that is not the whole text, or more than it can hold."""
    match = NUMBER.fullmatch(text) if text.isascii() else None
    return None if match is None else int(match[1])


def unit_bytes(unit: str) -> int | None:
    """How many bytes one of that unit is (k and KiB are 1024, KB is 1000); None for no such unit."""
    if unit.lower() in BYTES:
        return 1
    match = UNIT.fullmatch(unit)
    if match is None:
        return None
    base = 1000 if (match["base"] or "").lower() == "b" else 1024
    return int(base ** (PREFIXES.index(match["prefix"].lower()) + 1))


def to_mib(size: int) -> int:
    """Rounded up: a VM never needs less than it asks for."""
    return -(-size // MIB)
