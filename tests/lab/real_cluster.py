"""A whole cluster in a lab of its own: asked over HTTP and by the CLI, witnessed by virsh and by ticks."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests
from lab_tool import PROGRAMS, Lab, eventually, leftovers, place_for_a_lab

from pvc_lab import guest, libvirtd, ticks
from pvc_lab.layout import Layout
from pvc_lab.record import require

NODES = ("hv1", "hv2", "hv3")
Record = dict[str, Any]
ELECTION_S = 30


class RealCluster(Lab):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.http = requests.Session()
        self.http.trust_env = False
        # A kept connection may be gone when it is used again: after a fault, or after a body too large.
        self.http.headers["Connection"] = "close"

    @property
    def layout(self) -> Layout:
        return require(self.root).layout(self.root)

    def up(self) -> None:
        self.do("up", "--connection", "lab")
        self.http.headers["Authorization"] = f"Bearer {self.layout.admin_token.read_text().strip()}"

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """A `pvc` command in the background, its output to be read."""
        argv = [str(PROGRAMS / "pvc"), *words]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, text=True, env=self.environment, **output)

    def ask(self, method: str, path: str, **settings: Any) -> requests.Response:
        return self.http.request(method, f"{self.layout.api_url}/api/v1{path}", timeout=70, **settings)

    def get(self, path: str) -> Any:
        """Patient, as clients are, while ZooKeeper elects a new leader."""
        deadline = time.monotonic() + ELECTION_S
        while (answer := self.ask("GET", path)).status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, path: str, **fields: Any) -> str:
        """The id of the job."""
        answer = self.ask("POST", path, json=fields)
        assert answer.status_code in (200, 202), answer.text
        return str(answer.json()["id"])

    def ended(self, job: str, within: float = 90) -> Record:
        """The job at its end."""
        deadline = time.monotonic() + within
        while not (found := self.get(f"/task/{job}?wait=5"))["finished"]:
            assert time.monotonic() < deadline, (
                f"{job}: {found['state']}, {found['text']}, {found['waiting']}"
            )
        return dict(found)

    def succeeds(self, job: str, within: float = 90) -> Record:
        found = self.ended(job, within)
        assert found["state"] == "succeeded", (found["text"], found["error"], found["log"])
        return found

    def node(self, name: str) -> Record:
        return dict(self.get(f"/node/{name}"))

    def vm(self, name: str) -> Record:
        return dict(self.get(f"/vm/{name}"))

    def define(self, name: str, node: str = "hv1", memory: int = 128, busy: int = 0) -> None:
        self.submit("/vm", xml=guest.domain_xml(self.layout, name, memory, busy=busy), node=node)

    def boot(self, names: Collection[str], node: str = "hv1", memory: int = 128, busy: int = 0) -> None:
        """Define and start them; ends when all tick."""
        for name in names:
            self.define(name, node, memory, busy)
        for job in [self.submit(f"/vm/{name}/start") for name in names]:
            self.succeeds(job)
        eventually("all tick", lambda: all(self.last_tick(name) for name in names), 60)

    def domains(self, node: str) -> set[str]:
        """What libvirt itself says, running or not."""
        uri = libvirtd.uri(self.layout.node(node))
        argv = ["virsh", "-c", uri, "-q", "list", "--all", "--name"]
        return set(subprocess.check_output(argv, text=True, timeout=20).split())

    def last_tick(self, name: str) -> int:
        boots = ticks.read_ticks(self.layout, name).boots
        return boots[-1].last if boots else 0

    def assert_unnoticed(self, names: Collection[str]) -> None:
        """They run on, have booted once, and lost no tick and said none twice."""
        before = {name: self.last_tick(name) for name in names}
        eventually("ticks go on", lambda: all(self.last_tick(name) > before[name] for name in names))
        found = [ticks.read_ticks(self.layout, name) for name in names]
        assert all(one.whole for one in found), ticks.as_text(found)

    @contextmanager
    def slow_network(self, mbit: int, nodes: Collection[str] = ("hv2", "hv3")) -> Iterator[None]:
        """What goes to these nodes is slow, so that a migration takes its time."""
        links = [self.layout.node(name).link for name in nodes]
        for link in links:
            limit = ["rate", f"{mbit}mbit", "burst", "256kb", "latency", "200ms"]
            subprocess.run(
                ["tc", "qdisc", "replace", "dev", link, "root", "tbf", *limit], check=True, timeout=5
            )
        try:
            yield
        finally:
            for link in links:
                argv = ["tc", "qdisc", "del", "dev", link, "root"]
                subprocess.run(argv, check=False, capture_output=True, timeout=5)

    def reset(self) -> None:
        """As at the beginning: everything up, no VM, no job, all nodes ready."""
        self.up()
        for job in self.get("/task?state=unfinished&limit=1000"):
            self.ask("POST", f"/task/{job['id']}/cancel", json={"force": True})
        eventually("no job is left", lambda: not self.get("/task?state=unfinished"), 60)
        self._remove_vms()
        for node in self.get("/node"):
            if node["state"] != "ready":
                self.succeeds(self.submit(f"/node/{node['name']}/ready"))
        eventually("libvirt is empty", lambda: not any(self.domains(name) for name in NODES))
        for place in self.layout.nodes:
            for log in (place.log / "libvirt").glob("*.log"):
                log.unlink()

    def _remove_vms(self) -> None:
        names = [vm["spec"]["name"] for vm in self.get("/vm") if vm["spec"]["state"] == "start"]
        for job in [self.submit(f"/vm/{name}/stop") for name in names]:
            self.succeeds(job)
        for vm in self.get("/vm"):
            gone = self.ask("DELETE", f"/vm/{vm['spec']['name']}")
            assert gone.status_code == 200, (gone.text, self.get("/task?limit=8"))


C = TypeVar("C", bound=RealCluster)


@contextmanager
def in_a_lab(kind: type[C]) -> Iterator[C]:
    """Brought up, and taken down whatever happens; nothing is left of it."""
    with place_for_a_lab() as place:
        found = kind(place)
        try:
            found.up()
            yield found
        finally:
            found.do("down")
        assert leftovers(place) == []
        assert "lab" not in found.pvc("connection", "list").stdout
