"""The shortest trace of a breach that can be found by leaving events out."""

from __future__ import annotations

from dataclasses import replace

from pvc_sim.breach import Breach
from pvc_sim.rehearsal import Rehearsal
from pvc_sim.scenario import Event, Scenario

MAX_TRIES = 400


class Shrinker:
    """What is left out must not turn one breach into another."""

    def __init__(self, scenario: Scenario, breach: Breach) -> None:
        self._scenario, self._rule = scenario, breach.rule
        self._tries = 0

    def shrink(self) -> Scenario:
        """Halves, quarters and so on are left out first, then single events and VMs."""
        size = max(1, len(self._scenario.events) // 2)
        while self._tries < MAX_TRIES:
            smaller = self._without_events(size) or self._without_vm(size)
            if smaller is not None:
                self._scenario = smaller
            elif size == 1:
                break
            else:
                size //= 2
        return self._scenario

    def _without_events(self, size: int) -> Scenario | None:
        events = self._scenario.events
        for start in range(0, len(events), size):
            fewer: tuple[Event, ...] = (*events[:start], *events[start + size :])
            candidate = replace(self._scenario, events=fewer)
            if self._breaks(candidate):
                return candidate
        return None

    def _without_vm(self, size: int) -> Scenario | None:
        """Only once single events are tried."""
        given = self._scenario.given
        for vm in given.vms if size == 1 else ():
            vms = {name: each for name, each in given.vms.items() if name != vm}
            candidate = replace(self._scenario, given=given.model_copy(update={"vms": vms}))
            if self._breaks(candidate):
                return candidate
        return None

    def _breaks(self, candidate: Scenario) -> bool:
        self._tries += 1
        breach = Rehearsal(candidate).run().breach
        return breach is not None and breach.rule == self._rule
