"""Exit codes: what a script learns without reading."""

from __future__ import annotations

from typing import Any, Final

from pvc_core.errors import ConfigInvalid, InvalidRequest, NoPlacement, PvcError, Unreachable

DONE: Final = 0
INVALID: Final = 2
NOT_ALLOWED: Final = 3
NOT_FOUND: Final = 4
CONFLICT: Final = 5
PARTIAL: Final = 6
UNREACHABLE: Final = 7
FAILED: Final = 8
CANCELLED: Final = 9
TIMED_OUT: Final = 10
INTERRUPTED: Final = 130

BLOCKED = frozenset({NoPlacement.code})
"""Sound requests that have nowhere to go."""

BY_STATUS = {
    400: INVALID,
    401: NOT_ALLOWED,
    403: NOT_ALLOWED,
    404: NOT_FOUND,
    405: INVALID,
    409: CONFLICT,
    413: INVALID,
    502: UNREACHABLE,
    503: UNREACHABLE,
    504: UNREACHABLE,
}

BY_JOB_STATE = {"succeeded": DONE, "partial": PARTIAL, "failed": FAILED, "cancelled": CANCELLED}


class Refused(PvcError):
    """The API's own error, as it came over the wire."""

    def __init__(
        self, http_status: int, code: str, message: str, remedy: str, details: dict[str, Any]
    ) -> None:
        super().__init__(message, remedy, **details)
        self.http_status = http_status
        self.wire_code = code

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "code": self.wire_code}


class Declined(PvcError):
    """The operator said no when asked."""

    code = "DECLINED"


class TimedOut(PvcError):
    """`--timeout` passed; the job goes on."""

    code = "TIMED_OUT"


def is_away(error: PvcError) -> bool:
    """Worth asking again, or elsewhere: the API is away, or cannot reach its store."""
    if isinstance(error, Refused):
        return error.http_status in (502, 503, 504)
    return isinstance(error, Unreachable)


def for_error(error: PvcError) -> int:
    """Of a failure that stopped the command itself."""
    if error.as_dict()["code"] in BLOCKED:
        return PARTIAL
    if isinstance(error, Refused):
        return BY_STATUS.get(error.http_status, FAILED)
    for kind, code in ((Unreachable, UNREACHABLE), (Declined, CANCELLED), (TimedOut, TIMED_OUT)):
        if isinstance(error, kind):
            return code
    return (
        INVALID if isinstance(error, InvalidRequest | ConfigInvalid) else BY_STATUS.get(error.status, FAILED)
    )


def for_plan(plan: dict[str, Any]) -> int:
    """Of a dry run: as it would be for real, as far as that can be known."""
    return PARTIAL if plan["blocked"] else DONE


def for_job(job: dict[str, Any]) -> int:
    """Of a job that has ended."""
    if (job.get("error") or {}).get("code") in BLOCKED:
        return PARTIAL
    return BY_JOB_STATE.get(job["state"], FAILED)
