"""What is done about a migration that does not get to its end, rung by rung.

    copying     plain copying; where the configuration allows it QEMU throttles the guest once it sees that
                memory changes faster than it is sent
    downtime    the pause at the end may last longer, twice as long at each step, up to the VM's ceiling
    post_copy   the VM goes on at the target and fetches the rest of its memory; nothing can be aborted then

At the deadline a migration that has not reached the last rung is aborted, and the VM stays. The shares of
the time are measured from the first byte to the deadline, so that a short deadline climbs faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pvc_core.decide.figures import in_words

FIRST_DOWNTIME_MS = 100
"""Most guests get through with less; the ceiling counts where it is lower."""

THROTTLE_ALONE = 0.25
"""The share of the time in which throttling may help by itself."""

POST_COPY_FROM = 0.6
"""Beyond that share the last rung is taken where it is allowed, whatever the downtime has reached."""

STEP = 0.05
"""The share of the time a step is given to show its effect."""

NOISE = 0.1
"""The share of the speed below which a difference says nothing."""

LAST_CALL = 0.95
"""Beyond that nothing is tried any more: it would be aborted a moment later."""


class Rung(StrEnum):
    COPYING = "copying"
    DOWNTIME = "downtime"
    POST_COPY = "post_copy"


@dataclass(frozen=True)
class Terms:
    """What a migration may use: its VM's ceiling, and whether post-copy may finish it."""

    began: float
    deadline: float
    ceiling_ms: int
    post_copy: bool
    auto_converge: bool


@dataclass(frozen=True)
class Standing:
    """How far up it is, and since when."""

    rung: Rung
    downtime_ms: int
    since: float


@dataclass(frozen=True)
class Observed:
    """What libvirt shows at one moment; bytes, and bytes per second."""

    remaining: int
    speed: int
    dirty: int
    iteration: int
    throttle_percent: int


@dataclass(frozen=True)
class Step:
    """The next rung, or a longer downtime on the same, and why."""

    rung: Rung
    downtime_ms: int
    reason: str


def first_downtime_ms(ceiling_ms: int) -> int:
    return min(FIRST_DOWNTIME_MS, ceiling_ms)


def decide_step(terms: Terms, standing: Standing, seen: Observed, now: float) -> Step | None:
    """The step to take now; None to go on as it is."""
    time = terms.deadline - terms.began
    share = (now - terms.began) / time
    # 1. The last rung has no next; and too early and too late nothing is changed.
    if standing.rung is Rung.POST_COPY or not THROTTLE_ALONE <= share < LAST_CALL:
        return None
    # 2. It will be there in good time without our help.
    if _in_time(seen, terms.deadline - now):
        return None
    # 3. What was tried last has not had its time yet.
    if standing.rung is not Rung.COPYING and now - standing.since < STEP * time:
        return None
    words, last = _why(seen), terms.post_copy and share >= POST_COPY_FROM
    # 4. The first pass over the memory says nothing of the pause at the end.
    if seen.iteration < 2 and not last:
        return None
    # 5. A longer pause, while that is possible and there is time for it.
    if standing.downtime_ms < terms.ceiling_ms and not last:
        longer = min(2 * standing.downtime_ms, terms.ceiling_ms)
        return Step(Rung.DOWNTIME, longer, f"{words}: it may now pause for {longer} ms")
    # 6. The last rung.
    if terms.post_copy:
        return Step(Rung.POST_COPY, standing.downtime_ms, f"{words}: finishing by post-copy")
    # 7. Nothing is left but to wait for its deadline.
    return None


def _arrives(seen: Observed) -> bool:
    """Each pass leaves clearly less than the one before."""
    return seen.iteration > 1 and seen.dirty < 0.7 * seen.speed


def _in_time(seen: Observed, left: float) -> bool:
    eta = eta_s(seen)
    return _arrives(seen) and eta is not None and eta < 0.8 * left


def _why(seen: Observed) -> str:
    if seen.iteration < 2:
        return (
            f"the first pass over its memory is not done, {in_words(seen.speed)}/s are sent, "
            f"{in_words(seen.remaining)} remain"
        )
    throttled = f" although throttled to {100 - seen.throttle_percent} %" if seen.throttle_percent else ""
    return (
        f"its guest changes {in_words(seen.dirty)}/s{throttled}, {in_words(seen.speed)}/s are sent, "
        f"{in_words(seen.remaining)} remain"
    )


@dataclass(frozen=True)
class Verdict:
    """Why it was not done in time, and what would help."""

    message: str
    remedy: str


def judge(terms: Terms, standing: Standing, seen: Observed, bandwidth_mib_s: int | None) -> Verdict:
    """On a migration that is to be aborted at its deadline."""
    took = f"it did not get there in {terms.deadline - terms.began:.0f} s"
    if seen.speed <= 0:
        return Verdict(f"{took}: nothing was sent any more", "Look at the network between the two nodes.")
    more_time = "Give it more time (`--deadline`)"
    faster = "raise its bandwidth (`--bandwidth-mib`)" if bandwidth_mib_s else "use a faster network"
    if seen.iteration < 2 or _arrives(seen):
        return Verdict(f"{took}: {_why(seen)}", f"{more_time}, or {faster}.")
    helps = [faster]
    if standing.downtime_ms >= terms.ceiling_ms:
        helps.append(
            f"let it pause for more than {terms.ceiling_ms} ms (`pvc vm meta VM --max-downtime-ms N`)"
        )
    if not terms.post_copy:
        helps.append("allow post-copy (`pvc vm meta VM --post-copy`)")
    text = ", or ".join([*helps, "move it when its guest has less to do"])
    return Verdict(f"{took}: {_why(seen)}", f"{text[0].upper()}{text[1:]}.")


def eta_s(seen: Observed) -> float | None:
    """Each pass must send what was changed during the one before; None for one that never ends."""
    net = seen.speed - seen.dirty
    return seen.remaining / net if net > NOISE * seen.speed else None
