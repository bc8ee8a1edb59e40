"""Looking: the views that the doors answer with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pvc_core.decide.explain import explain
from pvc_core.decide.health import find_faults, judge
from pvc_core.decide.networks import with_existence
from pvc_core.decide.progress import add_up
from pvc_core.decide.views import view_node, view_vm
from pvc_core.errors import InvalidRequest
from pvc_core.model.hardware import Hardware
from pvc_core.model.job import JOB_FILTERS, Job, JobState, Progress
from pvc_core.model.operations import RecoverVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import JobView, LockView, NodeView, StatusView, VmView
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import load_vm, look_at_cluster, look_at_nodes
from pvc_core.version import VERSION
from pvc_core.xml.hardware import parse_hardware
from pvc_tasks.filters import ALL_NODES, ALL_VMS, JobFilter, NodeFilter, VmFilter
from pvc_tasks.ports import LiveProgress

CHUNK = 100
VM_LOCKS = "vm."


@dataclass(frozen=True)
class Queries:
    store: Store
    live: LiveProgress

    def nodes(self, wanted: NodeFilter = ALL_NODES) -> list[NodeView]:
        """By name."""
        cluster = look_at_cluster(self.store)
        views = (view_node(cluster, cluster.nodes[name]) for name in sorted(cluster.nodes))
        return list(filter(wanted.takes, views))

    def node(self, name: str) -> NodeView:
        cluster = look_at_cluster(self.store)
        jobs = self.store.names(tree.queue_path(tree.node_queue(name)))
        return view_node(cluster, cluster.node(name), jobs, detail=True)

    def vms(self, wanted: VmFilter = ALL_VMS) -> list[VmView]:
        """By name."""
        cluster = look_at_cluster(self.store)
        if wanted.node is not None:
            cluster.node(wanted.node)
        views = self._vm_views(cluster, list(cluster.vms))
        return sorted(filter(wanted.takes, views), key=lambda view: view.spec.name)

    def vm(self, reference: str) -> VmView:
        vm = load_vm(self.store, reference).value
        cluster = Cluster(look_at_nodes(self.store, self.store.names(tree.NODES)), {vm.uuid: vm})
        return self._vm_views(cluster, [vm.uuid])[0]

    def vm_xml(self, reference: str) -> str:
        return self.store.load(tree.vm_xml(load_vm(self.store, reference).value.uuid)).value.xml

    def vm_hardware(self, reference: str) -> Hardware:
        """As defined."""
        vm = load_vm(self.store, reference).value
        found = parse_hardware(self.store.load(tree.vm_xml(vm.uuid)).value.xml)
        report = self.store.find(tree.node_report(vm.node))
        networks = with_existence(found.networks, report.value if report else None)
        return found.but(restart_needed=vm.running is not None, networks=networks)

    def _vm_views(self, cluster: Cluster, uuids: list[str]) -> list[VmView]:
        owners = {lock.name.removeprefix(VM_LOCKS): lock.owner for lock in self._locks(VM_LOCKS)}
        cures = self._recoveries(owners.get(vm.uuid) for vm in cluster.vms.values() if vm.crashes)
        return [
            view_vm(cluster, cluster.vms[uuid], owner := owners.get(uuid), cures.get(owner or "", ""))
            for uuid in uuids
            if uuid in cluster.vms
        ]

    def _recoveries(self, jobs: Iterable[str | None]) -> dict[str, str]:
        """Those that start a VM again after a crash: what they say of it."""
        found = self.store.load_present([tree.job_ref(job) for job in jobs if job is not None])
        each = [seen.value for seen in found if seen.value.operation == RecoverVm.name]
        return {job.id: str(job.notes.get("text", "")) for job in each}

    def _locks(self, prefix: str) -> list[LockView]:
        names = [name for name in self.store.names(tree.LOCKS) if name.startswith(prefix)]
        if not names:
            return []
        seen = self.store.find_many([lock_ref(name) for name in names])
        return [
            LockView(name=name, owner=lock.value.owner, since=lock.value.since, waiters=lock.value.waiters)
            for name, lock in zip(names, seen, strict=True)
            if lock is not None
        ]

    def status(self) -> StatusView:
        cluster = look_at_cluster(self.store)
        vms = self._vm_views(cluster, list(cluster.vms))
        faults = find_faults(cluster, vms)
        return StatusView(
            cluster=self.store.load(tree.cluster_ref()).value.name,
            health=judge(faults),
            faults=tuple(faults),
            nodes=_count(node.spec.state if node.alive else "dead" for node in cluster.nodes.values()),
            maintenance=tuple(name for name, node in sorted(cluster.nodes.items()) if node.spec.maintenance),
            vms=_count(_vm_word(view) for view in vms),
            jobs=_count(job.state for job in self._unfinished()),
            locks=tuple(self._locks("")),
            pvc_version=VERSION,
        )

    def job(self, job_id: str) -> JobView:
        return self._present([self.store.load(tree.job_ref(job_id)).value])[0]

    def jobs(self, wanted: JobFilter, limit: int) -> list[JobView]:
        """Newest first."""
        _check_state(wanted.state)
        return self._present(list(islice(self._matching(wanted), limit)))

    def _matching(self, wanted: JobFilter) -> Iterator[Job]:
        ids = sorted(self._candidates(wanted), reverse=True)
        if wanted.before is not None:
            ids = [job for job in ids if job < wanted.before]
        for start in range(0, len(ids), CHUNK):
            refs = [tree.job_ref(job) for job in ids[start : start + CHUNK]]
            yield from (seen.value for seen in self.store.load_present(refs) if wanted.takes(seen.value))

    def _candidates(self, wanted: JobFilter) -> Iterable[str]:
        """The narrowest index that holds them all."""
        if wanted.subject is not None:
            return self.store.names(tree.object_path(self._object(wanted.subject)))
        if wanted.parent is not None:
            return self.store.names(tree.parent_path(wanted.parent))
        if wanted.state is not None and wanted.state != "finished" and wanted.state not in _ENDS:
            return (job.id for job in self._unfinished())
        return self.store.names(tree.JOBS)

    def _object(self, subject: str) -> str:
        kind, _, name = subject.partition(":")
        return f"vm:{load_vm(self.store, name).value.uuid}" if kind == "vm" else subject

    def _unfinished(self) -> list[Job]:
        queues = self.store.names(tree.QUEUES)
        ids = self.store.names_many([tree.queue_path(queue) for queue in queues])
        refs = [tree.job_ref(job) for names in ids for job in names]
        return [seen.value for seen in self.store.load_present(refs) if not seen.value.state.finished]

    def _present(self, jobs: list[Job]) -> list[JobView]:
        """With what only shows now: live progress, and a worker that is not there."""
        if all(job.state.finished for job in jobs):
            return jobs
        workers = self._workers()
        running = [job.id for job in jobs if not job.state.finished]
        children = {job: self.store.names(tree.parent_path(job)) for job in running}
        live = self.live.read([*running, *(child for names in children.values() for child in names)])
        return [_merged(explain(job, workers), live, children.get(job.id, ())) for job in jobs]

    def _workers(self) -> set[str]:
        names = self.store.names(tree.NODES)
        marks = self.store.find_many([tree.node_worker(name) for name in names])
        return {name for name, mark in zip(names, marks, strict=True) if mark is not None}


_ENDS = frozenset(state for state in JobState if state.finished)


def _check_state(state: str | None) -> None:
    if state is not None and state not in JOB_FILTERS:
        raise InvalidRequest(f"there is no task state {state}; there are: {', '.join(JOB_FILTERS)}")


def _merged(job: Job, live: dict[str, Progress], children: Iterable[str]) -> Job:
    own = live.get(job.id, job.progress)
    parts = [live[child] for child in children if child in live]
    return job.but(progress=add_up(own, parts)) if parts or own is not job.progress else job


def _count(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _vm_word(view: VmView) -> str:
    """As wanted, or the fault that keeps it from that."""
    return view.faults[0].code if view.faults else str(view.spec.state)
