"""libvirt's numbers as words, taken from the names of its own constants."""

from __future__ import annotations

import libvirt

from pvc_core.model.node import DomainState
from pvc_drivers.hypervisor.port import EventKind

STATES: dict[int, tuple[DomainState, str]] = {
    libvirt.VIR_DOMAIN_RUNNING: ("running", "RUNNING"),
    libvirt.VIR_DOMAIN_BLOCKED: ("blocked", "BLOCKED"),
    libvirt.VIR_DOMAIN_PAUSED: ("paused", "PAUSED"),
    libvirt.VIR_DOMAIN_SHUTDOWN: ("shutdown", ""),
    libvirt.VIR_DOMAIN_SHUTOFF: ("shutoff", "SHUTOFF"),
    libvirt.VIR_DOMAIN_CRASHED: ("crashed", "CRASHED"),
    libvirt.VIR_DOMAIN_PMSUSPENDED: ("suspended", ""),
}
EVENTS: dict[int, tuple[EventKind, str]] = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: ("defined", "EVENT_DEFINED"),
    libvirt.VIR_DOMAIN_EVENT_STARTED: ("started", "EVENT_STARTED"),
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: ("suspended", "EVENT_SUSPENDED"),
    libvirt.VIR_DOMAIN_EVENT_RESUMED: ("resumed", "EVENT_RESUMED"),
    libvirt.VIR_DOMAIN_EVENT_STOPPED: ("stopped", "EVENT_STOPPED"),
    libvirt.VIR_DOMAIN_EVENT_SHUTDOWN: ("shutdown", "EVENT_SHUTDOWN"),
    libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED: ("suspended", "EVENT_PMSUSPENDED"),
    libvirt.VIR_DOMAIN_EVENT_CRASHED: ("crashed", "EVENT_CRASHED"),
}


def _reasons(group: str) -> dict[int, str]:
    prefix = f"VIR_DOMAIN_{group}_"
    names = {name: value for name, value in vars(libvirt).items() if group and name.startswith(prefix)}
    return {value: name.removeprefix(prefix).lower().replace("_", " ") for name, value in names.items()}


REASONS = {group: _reasons(group) for _, group in [*STATES.values(), *EVENTS.values()]}


def state_in_words(state: int, reason: int) -> tuple[DomainState, str]:
    word, group = STATES.get(state, ("unknown", ""))
    return word, REASONS.get(group, {}).get(reason, "")


def event_in_words(event: int, detail: int) -> tuple[EventKind, str] | None:
    """None for what is no concern of PVC's (a persistent definition removed)."""
    if event not in EVENTS:
        return None
    word, group = EVENTS[event]
    return word, REASONS[group].get(detail, "")


def version_in_words(version: int) -> str:
    """libvirt packs versions as major * 1,000,000 + minor * 1,000 + release."""
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"
