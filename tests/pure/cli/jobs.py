"""Jobs as the API shows them."""

from __future__ import annotations

from typing import Any

ID = "20261121t101500-0f3k9d2a"
PROGRESS = {
    "done": 0,
    "total": 0,
    "bytes_done": 0,
    "bytes_total": 0,
    "bytes_per_s": 0,
    "eta_s": None,
    "text": "",
}


def job(state: str = "running", **changes: Any) -> dict[str, Any]:
    ended = state in ("succeeded", "partial", "failed", "cancelled")
    facts: dict[str, Any] = {
        "id": ID,
        "operation": "node.flush",
        "fields": {"node": "hv1"},
        "state": state,
        "stage": "",
        "text": "",
        "waiting": None,
        "created": 100.0,
        "started": 101.0,
        "finished": 113.0 if ended else None,
        "result": {},
        "error": None,
        "log": [],
    }
    return {**facts, **changes, "progress": {**PROGRESS, **changes.get("progress", {})}}


def waiting(kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "on": "somebody",
        "text": text,
        "since": 1.0,
        "deadline": None,
        "position": None,
        **more,
    }
