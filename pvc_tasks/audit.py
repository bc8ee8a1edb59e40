"""The audit log: one JSON line for each job that has ended, kept longer than the tree keeps jobs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pvc_core.model.job import Job

log = logging.getLogger(__name__)


class AuditLog:
    """Appends to a file; several processes may share it, a line is one write."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "audit.log"

    def __call__(self, job: Job) -> None:
        line = job.model_dump_json(exclude={"log", "notes"}, exclude_none=True) + "\n"
        try:
            self._append(line.encode())
        except OSError as error:
            log.error("the audit log %s cannot be written: %s", self._path, error.strerror)

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(file, line)
        finally:
            os.close(file)
