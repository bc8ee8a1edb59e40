"""How many copies a pool keeps, as people write it: copies=3,mincopies=2."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

REPLICATION_PATTERN = r"^copies=[0-9]{1,2},mincopies=[0-9]{1,2}$"
MOST_COPIES = 10


def parse_replication(text: str) -> tuple[int, int]:
    """Copies, and with how many of them data can still be used; raises ValueError."""
    copies, mincopies = (int(number) for number in re.findall(r"[0-9]+", text))
    if not 2 <= copies <= MOST_COPIES:
        raise ValueError(f"copies must be 2 to {MOST_COPIES}: with one, every broken disk loses data")
    if not 1 <= mincopies <= copies:
        raise ValueError("mincopies must be at least 1, and not more than copies")
    return copies, mincopies


def _checked(text: str) -> str:
    parse_replication(text)
    return text


Replication = Annotated[str, StringConstraints(pattern=REPLICATION_PATTERN), AfterValidator(_checked)]
