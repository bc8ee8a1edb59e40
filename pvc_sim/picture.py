"""The end state of a pretend cluster, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pvc_sim.cluster import SimCluster
from pvc_sim.rehearsal import Outcome

Row = dict[str, Any]


def picture(outcome: Outcome) -> dict[str, Any]:
    """All of it as plain data."""
    cluster = outcome.cluster
    return {
        "timeline": [{"at": round(line.at, 3), "who": line.who, "text": line.text} for line in outcome.lines],
        "nodes": _nodes(cluster),
        "vms": _vms(cluster),
        "tasks": _tasks(cluster),
        "locks": _locks(cluster),
        "breach": None if outcome.breach is None else str(outcome.breach),
    }


def draw_end(outcome: Outcome) -> Iterator[str]:
    """The tables under the timeline."""
    cluster = outcome.cluster
    yield from _table("nodes", _nodes(cluster))
    yield from _table("vms", _vms(cluster))
    yield from _table("tasks", _tasks(cluster))
    yield from _table("locks", _locks(cluster))


def _nodes(cluster: SimCluster) -> list[Row]:
    guests = cluster.witness.where
    return [
        {
            "node": name,
            "state": str(cluster.witness.mirror.nodes[name].state),
            "runs": sum(place == name for place in guests.values()),
            "health": "ok" if machine.whole else "faulty",
        }
        for name, machine in cluster.machines.items()
    ]


def _vms(cluster: SimCluster) -> list[Row]:
    where = cluster.witness.where
    return [
        {
            "vm": vm.name,
            "wanted": str(vm.state),
            "node": vm.node,
            "home": vm.home,
            "runs on": where.get(vm.uuid, "-"),
        }
        for vm in sorted(cluster.witness.mirror.vms.values(), key=lambda vm: vm.name)
    ]


def _tasks(cluster: SimCluster) -> list[Row]:
    timeline, jobs = cluster.timeline, cluster.witness.mirror.jobs
    return [
        {
            "task": alias,
            "operation": jobs[job].operation,
            "state": str(jobs[job].state),
            "text": timeline.plain(jobs[job].text),
        }
        for alias, job in timeline.ids.items()
    ]


def _locks(cluster: SimCluster) -> list[Row]:
    timeline = cluster.timeline
    return [
        {
            "lock": name,
            "owner": timeline.plain(lock.owner or "-"),
            "waits": " ".join(map(timeline.plain, lock.waiters)),
        }
        for name, lock in sorted(cluster.witness.mirror.locks.items())
    ]


def _table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    yield ""
    if not rows:
        yield f"no {title}"
        return
    columns = list(rows[0])
    widths = {key: max(len(key), *(len(str(row[key])) for row in rows)) for key in columns}
    for row in [dict(zip(columns, map(str.upper, columns), strict=True)), *rows]:
        yield "  ".join(f"{row[key]!s:<{widths[key]}}" for key in columns).rstrip()
