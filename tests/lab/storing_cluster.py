"""A cluster with Ceph, asked as Ceph's own administrator would ask it: the product is not its own witness."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from lab_tool import eventually
from real_cluster import RealCluster

from pvc_lab import guest, rounds
from pvc_lab.ceph import founding


class StoringCluster(RealCluster):
    def up(self) -> None:
        self.do("up", "--ceph", "--connection", "lab")
        self.http.headers["Authorization"] = f"Bearer {self.layout.admin_token.read_text().strip()}"

    def reset(self) -> None:
        """Without volumes as well: what a guest wrote goes with what it said of it."""
        super().reset()
        for volume in self.get("/storage/ceph/volume"):
            removed = self.ask("DELETE", f"/storage/ceph/volume/{volume['pool']}/{volume['name']}")
            assert removed.status_code == 202, removed.text
            self.succeeds(removed.json()["id"])

    def ceph(self, prefix: str, **arguments: object) -> Any:
        with founding.admin(self.layout) as cluster:
            return founding.command(cluster, prefix, **arguments)

    def held(self) -> dict[str, list[str]]:
        """By Ceph's word: the hosts, and the flags of their OSDs."""
        return {host: flags for host, flags in self.ceph("osd dump")["crush_node_flags"].items() if flags}

    def osd(self, number: int) -> dict[str, Any]:
        return next(osd for osd in self.ceph("osd dump")["osds"] if osd["osd"] == number)

    def clean(self) -> bool:
        with founding.admin(self.layout) as cluster:
            return not founding.complaints(cluster)

    def define(self, name: str, node: str = "hv1", memory: int = 128, busy: int = 0) -> None:
        disk = f"vms/{name}"
        made = self.ask("POST", f"/storage/ceph/volume/{disk}", json={"size": "16M"})
        assert made.status_code == 202 or made.json()["code"] == "ALREADY_EXISTS", made.text
        if made.status_code == 202:
            self.succeeds(made.json()["id"])
        self.submit("/vm", xml=guest.domain_xml(self.layout, name, memory, busy=busy, disk=disk), node=node)

    def writes(self, names: Collection[str]) -> None:
        """They go on writing, and what was written is whole."""
        for name in names:
            goal = self.last_round(name) + 2
            eventually(f"{name} writes", partial(self.has_come_to, name, goal), 60)
            assert self("rounds", name).returncode == 0, self("rounds", name).stdout

    def has_come_to(self, name: str, goal: int) -> bool:
        return self.last_round(name) >= goal

    def last_round(self, name: str) -> int:
        return int(rounds.read_rounds(self.layout, name).last)

    def processes_of_osd(self, number: int) -> list[str]:
        """Of one that the product has started."""
        said = self.do("exec", "hv3", "--", "ps", "-eo", "args").splitlines()
        return [line for line in said if line.startswith("ceph-osd") and line.endswith(f"-i {number}")]

    @contextmanager
    def not_recovering(self) -> Iterator[None]:
        self.ceph("osd set", key="norecover")
        try:
            yield
        finally:
            self.ceph("osd unset", key="norecover")
