"""A job under way, in words."""

from __future__ import annotations

from typing import Any

from pvc_cli.human import clean, duration, size

Record = dict[str, Any]


def sentence(job: Record) -> str:
    """Where a job stands: state, how much is done, how fast, how long, and what it waits for."""
    parts = [f"{job['state']:<9}", " ".join(counted(job)), *pace(job), what(job)]
    return "  ".join(clean(part) for part in parts if part).rstrip()


def pace(job: Record) -> list[str]:
    """How fast it is, and how long it will take."""
    progress = job["progress"]
    speed = f"{size(progress['bytes_per_s'])}/s" if progress["bytes_per_s"] else ""
    left = f"ETA {duration(progress['eta_s'])}" if progress["eta_s"] is not None else ""
    return [part for part in (speed, *_migration(progress), left) if part]


def _migration(progress: Record) -> list[str]:
    """What tells whether it converges: how fast its guest changes its memory, and what is done about it."""
    changes = progress.get("dirty_bytes_per_s")
    dirty = f"changes {size(changes)}/s" if changes else ""
    phase = progress.get("phase", "")
    return [dirty, "" if phase == "copying" else phase]


def counted(job: Record) -> list[str]:
    """VMs done of total for a job on a node, else the share of the bytes."""
    progress = job["progress"]
    if job["operation"].startswith("node.") and progress["total"]:
        return [f"{progress['done']}/{progress['total']} VMs"]
    if progress["bytes_total"]:
        return [f"{100 * progress['bytes_done'] // progress['bytes_total']} %"]
    return []


def what(job: Record) -> str:
    """What it waits for, or what it does."""
    waiting = job.get("waiting")
    if waiting and waiting["kind"] == "lock":
        place = f" (place {waiting['position']} in line)" if waiting.get("position") else ""
        return f"{waiting['text'] or 'a lock held by ' + waiting['on']}{place}"
    if waiting and waiting["kind"] != "child":
        return str(waiting["text"])
    return str(job["text"] or job["progress"]["text"] or (waiting or {}).get("text", "") or job["stage"])
