"""Following the migrations under way: their progress goes to Redis, twice a second."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from pvc_core.decide.ladder import eta_s
from pvc_core.errors import PvcError
from pvc_core.model.job import Progress
from pvc_drivers.hypervisor.port import DomainEvent, Hypervisor, MigrationProgress
from pvc_tasks.operations.migration_ladder import observed
from pvc_tasks.ports import LiveProgress
from pvc_worker.threads import Drive

INTERVAL_S = 0.5
WAKING = frozenset({"stopped", "shutdown", "crashed"})


class Monitor:
    """Watches domains for jobs: publishes migration progress, and rings when a domain goes."""

    def __init__(
        self, hypervisor: Hypervisor, live: LiveProgress, ring: Callable[[str], None], drive: Drive
    ) -> None:
        self._hypervisor, self._live, self._ring = hypervisor, live, ring
        self._guard = Lock()
        self._jobs: dict[str, str] = {}
        self._rounds = drive.round("monitor", self._publish_all, INTERVAL_S)

    def start(self) -> None:
        self._hypervisor.on_event(self._heard)
        self._rounds.start()

    def watch(self, job: str, uuid: str) -> None:
        """Until the domain goes, the job ends, or another job watches the same domain."""
        with self._guard:
            self._jobs[uuid] = job

    def unwatch(self, job: str) -> None:
        with self._guard:
            for uuid in [uuid for uuid, watcher in self._jobs.items() if watcher == job]:
                del self._jobs[uuid]

    def stop(self) -> None:
        self._rounds.stop()

    def _heard(self, event: DomainEvent) -> None:
        with self._guard:
            job = self._jobs.pop(event.uuid, None) if event.kind in WAKING else None
        if job is not None:
            self._ring(job)

    def _publish_all(self) -> None:
        with self._guard:
            watched = list(self._jobs.items())
        for uuid, job in watched:
            self._publish(uuid, job)

    def _publish(self, uuid: str, job: str) -> None:
        try:
            migration = self._hypervisor.migration(uuid)
        except PvcError:
            return
        if migration is not None and migration.state == "active":
            self._live.publish(job, as_progress(migration.progress))


def as_progress(seen: MigrationProgress) -> Progress:
    """In the terms of jobs."""
    return Progress(
        bytes_done=seen.bytes_done,
        bytes_total=seen.bytes_total,
        bytes_per_s=seen.bytes_per_s,
        dirty_bytes_per_s=seen.dirty_bytes_per_s,
        eta_s=eta_s(observed(seen)) if seen.bytes_total else None,
        phase=_phase(seen),
    )


def _phase(seen: MigrationProgress) -> str:
    if seen.phase == "copying" and seen.throttle_percent:
        return f"throttled to {100 - seen.throttle_percent} %"
    return seen.phase.replace("_", "-")
