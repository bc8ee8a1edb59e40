"""The admin: asks what events.yaml says, and asks again when nobody answers."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from pvc_core.errors import InvalidRequest, PvcError, StoreUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import Operation
from pvc_sim.breach import Breach
from pvc_sim.cluster import SimCluster
from pvc_sim.commands import parse_command
from pvc_sim.questions import answer
from pvc_tasks.service import Asker

PATIENCE = 5
AGAIN_S = 2.0


class Client:
    def __init__(self, cluster: SimCluster, files: Mapping[str, str]) -> None:
        self._cluster, self._files = cluster, files
        self._asked = 0
        self._last: str | None = None

    def ask(self, text: str) -> None:
        """Within a call of the API process."""
        self._asked += 1
        who = Asker("admin", idempotency_key=f"request {self._asked}")
        self._say(f"pvc {text}")
        self._try(text, who, PATIENCE)

    def _try(self, text: str, who: Asker, patience: int) -> None:
        try:
            self._do(text, who)
        except StoreUnavailable as error:
            self._say(f"no answer: {error.message}")
            if patience:
                self._cluster.api.process.after(AGAIN_S, lambda: self._try(text, who, patience - 1))
        except PvcError as error:
            self._say(f"refused: {error.code}: {error.message}")

    def _do(self, text: str, who: Asker) -> None:
        operation = parse_command(text, self._files)
        if operation is not None:
            self._submit(operation, who)
        elif text.startswith("task cancel "):
            self._cancel(shlex.split(text)[2:], who)
        else:
            for line in answer(self._cluster.service, self._cluster.timeline, text):
                self._say(line)

    def _submit(self, operation: Operation, who: Asker) -> None:
        if getattr(operation, "dry_run", False):
            self._say(str(self._cluster.service.plan(operation).model_dump(mode="json", exclude_none=True)))
            return
        job = self._cluster.service.submit(operation, who)
        self._check_kept(job)
        self._last = job.id

    def _check_kept(self, job: Job) -> None:
        """202 is a promise."""
        if job.id not in self._cluster.witness.mirror.jobs:
            self._cluster.kernel.fail(Breach("no job is lost", f"{job.id} was accepted and is not there"))

    def _cancel(self, words: list[str], who: Asker) -> None:
        names = [word for word in words if not word.startswith("--")]
        if len(names) != 1:
            raise InvalidRequest("task cancel takes one task: its number, or last")
        job = self._last if names[0] == "last" else self._cluster.timeline.ids.get(names[0])
        if job is None:
            raise InvalidRequest(f"there is no task {names[0]} yet")
        self._cluster.service.cancel(job, who, "--force" in words)

    def _say(self, text: str) -> None:
        self._cluster.timeline.say(self._cluster.kernel.second, "admin", text)
