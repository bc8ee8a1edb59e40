"""Whether a guest that crashed is started again, and when."""

from __future__ import annotations

from dataclasses import dataclass

from pvc_core.model.vm import VmSpec

MOST_REMEMBERED = 100
"""Crashes kept in a VM's record: as many as the limit may be."""


@dataclass(frozen=True)
class CrashPolicy:
    """As configured; `restart` is overruled by a VM's own metadata. Times in seconds."""

    restart: bool
    first_delay_s: float
    max_delay_s: float
    limit: int
    window_s: float


@dataclass(frozen=True)
class Restart:
    """Start it again at that time."""

    at: float
    reason: str


@dataclass(frozen=True)
class GiveUp:
    """Leave it stopped, and say so."""

    reason: str


def count_crash(crashes: tuple[float, ...], now: float, policy: CrashPolicy) -> tuple[float, ...]:
    """The crashes that still count, with one more."""
    recent = [moment for moment in crashes if now - moment < policy.window_s]
    return (*recent, now)[-MOST_REMEMBERED:]


def decide_recovery(vm: VmSpec, policy: CrashPolicy, now: float) -> Restart | GiveUp:
    """What to do after the last of the VM's counted crashes: each delay is twice the one before."""
    restart = policy.restart if vm.restart_on_crash is None else vm.restart_on_crash
    if not restart:
        whose = "the configuration" if vm.restart_on_crash is None else "its metadata"
        return GiveUp(f"{whose} does not let it be started again after a crash")
    number = len(vm.crashes)
    within = f"within {_minutes(policy.window_s)}"
    if number > policy.limit:
        most = f"is started again {policy.limit} times at most"
        return GiveUp(f"it crashed {number} times {within}, and {most}")
    delay = min(policy.max_delay_s, policy.first_delay_s * 2 ** (number - 1))
    return Restart(now + delay, f"restart {number} of {policy.limit} {within}, in {delay:g} s")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} s"
