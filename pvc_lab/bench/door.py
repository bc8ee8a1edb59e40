"""The benchmark as a client of the API, and the VMs it works with."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import requests

from pvc_lab.errors import ProgramFailed
from pvc_lab.layout import Layout

Json = dict[str, Any]

WAIT_S = 20


class Door:
    def __init__(self, layout: Layout) -> None:
        self._base = f"{layout.api_url}/api/v1"
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {layout.admin_token.read_text().strip()}"

    def get(self, path: str) -> Any:
        return self._answer(self._http.get(self._base + path, timeout=60))

    def post(self, path: str, body: Json | None = None) -> Json:
        found: Json = self._answer(self._http.post(self._base + path, json=body or {}, timeout=60))
        return found

    def delete(self, path: str) -> Json:
        found: Json = self._answer(self._http.delete(self._base + path, timeout=60))
        return found

    def finish(self, job: Json) -> Json:
        """Wait for the end of a task; raises ProgramFailed unless it succeeded."""
        seen = ""
        while not job["finished"]:
            path = f"{self._base}/task/{job['id']}?wait={WAIT_S}&seen={seen}"
            answer = self._http.get(path, timeout=WAIT_S * 2)
            job, seen = self._answer(answer), answer.headers["ETag"].strip('"')
        if job["state"] != "succeeded":
            raise ProgramFailed(f"{job['operation']}: {job['text']}")
        return job

    def run(self, path: str, body: Json | None = None) -> Json:
        return self.finish(self.post(path, body))

    def vms(self) -> list[Json]:
        return list(self.get("/vm"))

    def define(self, xml: str, node: str) -> None:
        self.post("/vm", {"xml": xml, "node": node})

    def clear(self, prefix: str) -> None:
        """Stop and forget every VM whose name begins so."""
        for vm in [vm for vm in self.vms() if vm["spec"]["name"].startswith(prefix)]:
            if vm["spec"]["state"] == "start":
                self.run(f"/vm/{vm['spec']['name']}/stop")
            self.delete(f"/vm/{vm['spec']['name']}")

    @staticmethod
    def _answer(answer: requests.Response) -> Any:
        if not answer.ok:
            raise ProgramFailed(f"the API answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()


def timed(act: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def median_of(times: int, act: Callable[[], object]) -> float:
    """The median of several runs, in seconds."""
    return median(timed(act) for _ in range(times))


def bare_xml(name: str) -> str:
    """A domain that needs next to nothing: for defining, listing, and starting without a guest in it."""
    size = "<memory unit='MiB'>32</memory><vcpu>1</vcpu>"
    return f"<domain type='qemu'><name>{name}</name>{size}<os><type>hvm</type></os></domain>"
