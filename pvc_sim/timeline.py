"""What happened, one line each, in words that are the same in every run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pvc_core.model.job import Job
from pvc_core.model.node import NodeSpec
from pvc_core.model.vm import VmSpec
from pvc_sim.mirror import Change

JOB_ID = re.compile(r"\b[0-9]{8}t[0-9]{6}-[0-9a-z]{8}(?:-[0-9a-z]{1,16}){0,2}\b")

EFFECTS = {
    "start": "is started",
    "migrate": "is being migrated",
    "abort": "is no longer to be migrated",
    "limit": "is migrated under other limits",
    "post-copy": "is to go on at its target",
    "shutdown": "is asked to power off",
    "destroy": "is stopped",
    "resume": "is resumed",
    "attach": "is given a device",
    "detach": "is asked for a device",
    "set vcpus": "is given another number of vCPUs",
    "set memory": "is given another amount of memory",
}


@dataclass(frozen=True)
class Line:
    at: float
    who: str
    text: str

    def __str__(self) -> str:
        return f"{self.at:9.2f}  {self.who:<12}  {self.text}"


class Timeline:
    """Tasks are numbered in the order they were accepted; a child is named after its VM."""

    def __init__(self, listener: Callable[[Line], None] | None) -> None:
        self.lines: list[Line] = []
        self._listener = listener
        self.aliases: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self._vms: dict[str, str] = {}
        self._tops = 0

    def listen(self, listener: Callable[[Line], None] | None) -> None:
        self._listener = listener

    def begin(self) -> None:
        """Count tasks from here on."""
        self._tops = 0
        self.ids.clear()

    def say(self, second: float, who: str, text: str) -> None:
        if self._listener is not None:
            line = Line(second, who, self.plain(text))
            self.lines.append(line)
            self._listener(line)

    def plain(self, text: str) -> str:
        """With the ids of tasks replaced by their short names."""
        return JOB_ID.sub(lambda found: self.aliases.get(found[0], found[0]), text)

    def tell(self, second: float, changes: list[Change]) -> None:
        """What a commit has changed."""
        for change in changes:
            if isinstance(change.after, VmSpec):
                self._vms[change.after.uuid] = change.after.name
            if isinstance(change.after, Job) and change.before is None:
                self._name(change.after)
        if self._listener is None:
            return
        for change in changes:
            match change.after:
                case Job():
                    self._tell_job(second, change.before, change.after)
                case NodeSpec():
                    self._tell_node(second, change.before, change.after)
                case VmSpec():
                    self._tell_vm(second, change.before, change.after)

    def act(self, second: float, effect: str, uuid: str, who: str) -> None:
        node = who.partition("/")[0]
        self.say(second, f"libvirt {node}", f"{self._vms.get(uuid, uuid)} {EFFECTS[effect]}")

    def moved(self, second: float, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Where guests run, as the hypervisors show it."""
        for uuid in sorted(before.keys() | after.keys(), key=lambda uuid: self._vms.get(uuid, uuid)):
            old, new, name = before.get(uuid), after.get(uuid), self._vms.get(uuid, uuid)
            if new is None:
                self.say(second, f"libvirt {old}", f"{name} is off")
            elif old != new:
                self.say(second, f"libvirt {new}", f"{name} runs here")

    def _name(self, job: Job) -> None:
        if job.parent is None:
            self._tops += 1
            alias = str(self._tops)
        else:
            alias = f"{self.aliases[job.parent]}/{self._vms[job.objects[0].removeprefix('vm:')]}"
            again = sum(name == alias or name.startswith(f"{alias}.") for name in self.ids)
            alias += f".{again + 1}" if again else ""
        self.aliases[job.id], self.ids[alias] = alias, job.id

    def _tell_job(self, second: float, before: Job | None, after: Job) -> None:
        who = f"task {self.aliases[after.id]}"
        if before is None:
            why = f" ({after.reason})" if after.reason and after.parent is None else ""
            what = f"{after.operation} {_object(after, self._vms)}, by {after.actor}{why}"
            self.say(second, who, f"{what}: {after.text}" if after.state.finished else what)
            return
        seen = before.log_dropped + len(before.log)
        new = after.log[max(0, seen - after.log_dropped) :]
        for line in new:
            self.say(second, who, line.text)
        if before.state is not after.state and not new:
            self.say(second, who, f"is {after.state}")

    def _tell_node(self, second: float, before: NodeSpec | None, after: NodeSpec) -> None:
        if before is not None and before.state is not after.state:
            self.say(second, after.name, f"is {after.state}")

    def _tell_vm(self, second: float, before: VmSpec | None, after: VmSpec) -> None:
        if before is not None and before.node != after.node:
            home = f", home {after.previous_node}" if after.previous_node else ""
            self.say(second, after.name, f"is recorded on {after.node}{home}")
        if before is not None and before.state is not after.state:
            self.say(second, after.name, f"is recorded as {after.state}")


def _object(job: Job, vms: Mapping[str, str]) -> str:
    kind, _, name = job.objects[0].partition(":")
    return vms.get(name, name) if kind == "vm" else name
