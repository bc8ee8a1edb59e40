"""The disks a configuration speaks of."""

from __future__ import annotations

from pvc_core.config import Config
from pvc_drivers.disks.off import NoDisks
from pvc_drivers.disks.port import Disks
from pvc_drivers.disks.programs import ProgramDisks


def make_disks(config: Config) -> Disks:
    if not config.subsystems.storage:
        return NoDisks()
    return ProgramDisks(config.storage.osd_format, config.worker.run_directory / "ceph-volume.lock")
