"""The admin: asks what events.yaml says, and asks again when nobody answers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from pvc_core.errors import InvalidRequest, PvcError, StoreUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import Operation
from pvc_sim.breach import Breach
from pvc_sim.cluster import SimCluster
from pvc_sim.commands import Asked, parse_command
from pvc_sim.questions import Desk, answer
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
        asked = self._named(parse_command(text))
        who = replace(who, reason=asked.reason)
        operation = asked.operation(self._files)
        if operation is not None:
            self._submit(operation, who)
        elif asked.path == "task cancel":
            self._cluster.service.cancel(asked.said["task"], who, asked.said["force"])
        elif asked.path == "task wait":
            self._await(asked.said["task"])
        else:
            desk = Desk(self._cluster.service, set(self._cluster.timeline.ids.values()))
            for line in answer(desk, asked):
                self._say(line)

    def _named(self, asked: Asked) -> Asked:
        """With the task's id in place of its number, or of `last`."""
        name, ids = asked.said.get("task"), self._cluster.timeline.ids
        if name is None:
            return asked
        job = self._last if name == "last" else ids.get(name)
        if job is None:
            raise InvalidRequest(f"there is no task {name} yet")
        return Asked(asked.path, {**asked.said, "task": job})

    def _await(self, job: str) -> None:
        """An admin who follows a task to its end, and again when nobody answers."""
        found = None
        with suppress(StoreUnavailable):
            found = self._cluster.service.job(job)
        if found is not None and found.state.finished:
            self._say(f"{job} {found.state}: {found.text}")
        else:
            self._cluster.api.process.after(AGAIN_S, lambda: self._await(job))

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

    def _say(self, text: str) -> None:
        self._cluster.timeline.say(self._cluster.kernel.second, "admin", text)
