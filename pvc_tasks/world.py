"""Everything the engine and its handlers may touch, handed in from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pvc_core.config import Config
from pvc_core.decide.wave import Limits
from pvc_core.model.job import Job
from pvc_core.store.documents import Store
from pvc_drivers.blocks.off import no_blocks
from pvc_drivers.blocks.port import Blocks
from pvc_drivers.disks.off import NoDisks
from pvc_drivers.disks.port import Disks
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.ids import new_job_id
from pvc_tasks.ports import Clock, Hints, LiveProgress, Works


@dataclass(frozen=True)
class World:
    """What submitting and looking need."""

    store: Store
    clock: Clock
    hints: Hints
    live: LiveProgress
    config: Config
    blocks: Blocks = field(default_factory=no_blocks)
    disks: Disks = field(default_factory=NoDisks)
    """Those of the node this process is on."""
    audit: Callable[[Job], None] = lambda job: None
    """Told of every job once it has ended."""
    new_id: Callable[[float], str] = new_job_id
    """The id of a job submitted at that time."""

    @property
    def limits(self) -> Limits:
        migration = self.config.hypervisor.migration
        return Limits(migration.parallel_out, migration.parallel_in, migration.parallel_cluster)


@dataclass(frozen=True)
class Executor:
    """The process that takes steps: who it is, and what it can reach on its node."""

    node: str
    incarnation: str
    """Different for every process that ever runs as this node's worker."""
    hypervisor: Hypervisor
    queues: tuple[str, ...]
    works: Works
    bell: Callable[[str], None] = field(default=lambda job: None)
    """Wake a job of this process's own queues, from any thread."""
    alarm: Callable[[str, float], None] = field(default=lambda job, at: None)
    """Wake such a job at a time."""
    watch: Callable[[str, str], None] = field(default=lambda job, uuid: None)
    """Publish the progress of a domain's migration as the job's, until it is over; and wake the job
    whenever something happens to the domain."""
    stepping: Callable[[str], None] = field(default=lambda job: None)
    """Told whenever a step of a job begins."""
    unwatch: Callable[[str], None] = field(default=lambda job: None)
    """No more: the job has ended."""
