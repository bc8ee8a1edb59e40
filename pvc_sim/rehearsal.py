"""Carrying out a scenario to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pvc_core.errors import InvalidRequest
from pvc_sim.breach import Breach
from pvc_sim.client import Client
from pvc_sim.cluster import SimCluster
from pvc_sim.faults import Faults
from pvc_sim.kernel import EPOCH
from pvc_sim.rules import ends
from pvc_sim.scenario import Event, Scenario
from pvc_sim.timeline import Line
from pvc_sim.verbs import find_fault

LOOK_S = 1.0
QUIET_S = 16.0
"""Longer than anything takes that happens by itself: a report, a session's end, a boot."""

PATIENCE_S = 600.0
"""After the last event, before everything is healed; and again after that."""


@dataclass(frozen=True)
class Outcome:
    """How a scenario ended; the cluster is as it was left."""

    cluster: SimCluster
    breach: Breach | None

    @property
    def lines(self) -> list[Line]:
        return self.cluster.timeline.lines


class Rehearsal:
    def __init__(self, scenario: Scenario, listener: Callable[[Line], None] | None = None) -> None:
        self.scenario = scenario
        self.cluster = SimCluster(scenario.given, listener)
        self.client, self.faults = Client(self.cluster, scenario.files), Faults(self.cluster)
        self._healed_at: float | None = None

    def run(self) -> Outcome:
        kernel = self.cluster.kernel
        self.cluster.start()
        for event in self.scenario.events:
            kernel.at(EPOCH + event.at, partial(self._do, event))
        kernel.at(EPOCH + self.scenario.ends_at + LOOK_S, self._look)
        unforeseen = Unforeseen(self.cluster)
        try:
            with unforeseen:
                kernel.run(float("inf"))
            self._check_end()
        except Breach as breach:
            self.cluster.timeline.say(kernel.second, "BREACH", str(breach))
            return Outcome(self.cluster, breach)
        return Outcome(self.cluster, None)

    def _do(self, event: Event) -> None:
        fault = find_fault(event.do)
        if fault is None:
            self.cluster.api.process.soon(self.client.ask, event.do)
            return
        self._say(event.do)
        try:
            fault(self.faults)
        except InvalidRequest as error:
            self._say(error.message)
        self.cluster.stir()
        self.cluster.witness.look()

    def _look(self) -> None:
        """Whether it is over; whether it must be helped to be."""
        second = self.cluster.kernel.second
        waited = second - (self._healed_at or self.scenario.ends_at)
        if self._at_rest() or (self._healed_at is not None and waited > PATIENCE_S):
            self.cluster.kernel.finish()
        elif self._healed_at is None and waited > PATIENCE_S:
            self._healed_at = second
            self._do(Event(at=second, do="heal all"))
        self.cluster.kernel.after(LOOK_S, self._look)

    def _at_rest(self) -> bool:
        witness = self.cluster.witness
        quiet = self.cluster.kernel.now - max(witness.changed_at, EPOCH + self.scenario.ends_at)
        return quiet > QUIET_S and not any(not job.state.finished for job in witness.mirror.jobs.values())

    def _check_end(self) -> None:
        mirror, machines = self.cluster.witness.mirror, self.cluster.machines
        ends.check_all_ended(mirror)
        whole = {name for name, machine in machines.items() if machine.whole}
        ends.check_agreement(mirror, self.cluster.witness.where, whole)

    def _say(self, text: str) -> None:
        self.cluster.timeline.say(self.cluster.kernel.second, "fault", text)


class Unforeseen(logging.Handler):
    """Errors the product only logs, because nobody foresaw them, are breaches here."""

    NAMES = ("pvc_tasks", "pvc_worker", "pvc_core")

    def __init__(self, cluster: SimCluster) -> None:
        super().__init__(logging.ERROR)
        self._cluster = cluster

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = f"{record.getMessage()}: {error!r}" if error is not None else record.getMessage()
        breach = Breach("no unforeseen error", text)
        breach.__cause__ = error
        self._cluster.kernel.fail(breach)

    def __enter__(self) -> Unforeseen:
        for name in self.NAMES:
            logger = logging.getLogger(name)
            logger.setLevel(logging.ERROR)
            logger.propagate = False
            logger.addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        for name in self.NAMES:
            logging.getLogger(name).removeHandler(self)
