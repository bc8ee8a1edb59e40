"""Job ids: sortable by the time of their submission, and derivable for children."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_job_id(now: float) -> str:
    """`20261121t104500-` and eight characters: three tell the fraction of the second, five are random."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dt%H%M%S")
    return f"{moment}-{_fraction(now)}{''.join(secrets.choice(ALPHABET) for _ in range(5))}"


def _fraction(now: float) -> str:
    base = len(ALPHABET)
    part = int(now % 1 * base**3)
    return ALPHABET[part // base**2] + ALPHABET[part // base % base] + ALPHABET[part % base]


def child_id(parent: str, subject: str, attempt: int) -> str:
    """The same for the same parent, subject and attempt, so that a repeated plan cannot double a child."""
    return f"{parent}-{hashlib.sha256(subject.encode()).hexdigest()[:10]}{attempt}"


def created_at(job: str) -> float:
    """The Unix time, in whole seconds, that a job's id tells."""
    moment = datetime.strptime(job[:15], "%Y%m%dt%H%M%S")
    return moment.replace(tzinfo=UTC).timestamp()


def digest(*parts: str) -> str:
    """A path-safe name for secrets and free text."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
