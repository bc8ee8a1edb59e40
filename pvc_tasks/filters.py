"""Which of many are listed."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from pvc_core.model.job import Job
from pvc_core.model.views import NodeView, VmView


@dataclass(frozen=True)
class JobFilter:
    """`state` is a JobState, `unfinished` or `finished`; `subject` an object such as `node:hv1`."""

    state: str | None = None
    operation: str | None = None
    subject: str | None = None
    parent: str | None = None
    before: str | None = None
    """Only jobs with a smaller id: the next page."""

    def takes(self, job: Job) -> bool:
        wanted = {"unfinished": not job.state.finished, "finished": job.state.finished}
        return (
            (self.state is None or wanted.get(self.state, job.state == self.state))
            and self.operation in (None, job.operation)
            and self.parent in (None, job.parent)
        )


@dataclass(frozen=True)
class VmFilter:
    """What must match, all of it; `negate` takes those for which it does not.

    `name` and `tag` are glob patterns, `state` is what is wanted or seen.
    """

    name: str | None = None
    node: str | None = None
    state: str | None = None
    tag: str | None = None
    negate: bool = False

    def takes(self, view: VmView) -> bool:
        vm = view.spec
        matches = (
            (self.name is None or fnmatchcase(vm.name, self.name))
            and self.node in (None, vm.node)
            and self.state in (None, vm.state, view.seen)
            and (self.tag is None or any(fnmatchcase(tag.name, self.tag) for tag in vm.tags))
        )
        return matches is not self.negate


ALL_VMS = VmFilter()


@dataclass(frozen=True)
class NodeFilter:
    """What must match, all of it; `name` is a glob pattern."""

    name: str | None = None
    daemon_state: str | None = None
    coordinator_state: str | None = None
    domain_state: str | None = None

    def takes(self, view: NodeView) -> bool:
        return (
            (self.name is None or fnmatchcase(view.name, self.name))
            and self.daemon_state in (None, view.daemon_state)
            and self.coordinator_state in (None, view.coordinator_state)
            and self.domain_state in (None, view.state)
        )


ALL_NODES = NodeFilter()
