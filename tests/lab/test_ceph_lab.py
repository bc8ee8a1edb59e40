"""A lab with Ceph, for real: what a guest was told is safe on its disk is there, whatever breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lab_tool import CEPH, Lab, eventually, leftovers, place_for_a_lab

pytestmark = CEPH
UP = ("up", "--ceph", "--without-product")
CEPH_PARTS = ["hv1/mon", "hv1/osd0", "hv2/mon", "hv2/osd1", "hv3/mon", "hv3/osd2", "mgr"]


class CephLab(Lab):
    """Guests and images are made by hand here: the product is not what is tested."""

    def inside(self, node: str, *words: str, stdin: str = "") -> str:
        return self.do("exec", node, "--", *words, stdin=stdin)

    def ceph(self, *words: str) -> Any:
        return json.loads(self.inside("hv1", "ceph", "--id", "hv1", "--format", "json", *words))

    def watchers(self, image: str) -> list[str]:
        said = self.inside("hv1", "rbd", "--id", "hv1", "status", image, "--format", "json")
        return [watcher["address"].partition(":")[0] for watcher in json.loads(said)["watchers"]]

    def boot(self, node: str, guest: str, image: str) -> None:
        boots = len(self.rounds(guest)["sessions"])
        self.inside(
            node, "virsh", "-q", "create", "/dev/stdin", stdin=self.do("guest", guest, "--disk", image)
        )
        eventually(f"{guest} writes", lambda: self.writes_since(guest, boots), 60)

    def writes_since(self, guest: str, boots: int) -> bool:
        sessions = self.rounds(guest)["sessions"]
        return len(sessions) > boots and sessions[-1]["last"] > 0

    def rounds(self, guest: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self("rounds", guest, "--format", "json").stdout)
        return found[0]

    def writes_on(self, guest: str, more: int = 10) -> None:
        """More than a cycle over all its slots, so that each was read again."""
        goal = self.rounds(guest)["last"] + more
        eventually(f"{guest} writes on", lambda: self.rounds(guest)["last"] >= goal, 60)

    def healthy(self) -> bool:
        return bool(self.ceph("health")["status"] == "HEALTH_OK")


@pytest.fixture(scope="module")
def lab() -> Iterator[CephLab]:
    with place_for_a_lab() as place:
        lab = CephLab(place)
        try:
            said = lab.do(*UP)
            assert "Ceph: HEALTH_OK" in said
            lab.inside("hv1", "rbd", "--id", "hv1", "create", "vms/disk", "--size", "16M")
            lab.boot("hv1", "writer", "vms/disk")
            yield lab
        finally:
            lab.do("down")
        assert leftovers(place) == []
        assert not place.exists()


def test_every_part_answers_and_no_node_has_the_administrators_key(lab: CephLab) -> None:
    answers = {part["part"]: part["answers"] for part in lab.status()["parts"]}
    assert [answers.get(part) for part in CEPH_PARTS] == [True] * len(CEPH_PARTS)
    assert lab.healthy()
    refused = lab("exec", "hv2", "--", "ceph", "--id", "hv2", "auth", "ls")
    assert "EACCES" in refused.stderr
    assert lab("exec", "hv2", "--", "ceph", "--connect-timeout", "3", "status").returncode != 0


def test_a_guest_with_a_disk_migrates_live(lab: CephLab) -> None:
    assert lab.watchers("vms/disk") == [lab_address(lab, "hv1")]
    lab.inside("hv1", "virsh", "-q", "migrate", "--live", "--p2p", "writer", "qemu+tcp://hv2/system")
    lab.writes_on("writer")
    assert lab.watchers("vms/disk") == [lab_address(lab, "hv2")]
    assert lab.rounds("writer")["sessions"][-1]["nodes"] == ["hv1", "hv2"]
    assert lab.rounds("writer")["whole"], lab("rounds", "writer").stdout


def test_an_osd_is_killed_while_a_guest_writes(lab: CephLab) -> None:
    lab.do("kill", "hv3/osd2")
    assert not lab.part("hv3/osd2")["answers"]
    lab.writes_on("writer")
    lab.do("start", "hv3/osd2")
    eventually("the OSD serves", lambda: lab.part("hv3/osd2")["answers"])
    assert lab.rounds("writer")["whole"], lab("rounds", "writer").stdout


def test_what_was_written_outlives_a_power_cut(lab: CephLab) -> None:
    eventually("Ceph is whole", lab.healthy, 60)
    lab.do("power", "off", "hv2")
    eventually("the watcher goes", lambda: not lab.watchers("vms/disk"), 60)
    lab.boot("hv3", "writer", "vms/disk")
    lab.writes_on("writer", 2)
    found = lab.rounds("writer")
    assert found["whole"], lab("rounds", "writer").stdout
    assert found["sessions"][-1]["first"] > found["sessions"][-2]["last"]


def test_power_brings_monitor_and_osd_back(lab: CephLab) -> None:
    lab.do("power", "on", "hv2")
    eventually("they answer", lambda: all(lab.part(name)["answers"] for name in ("hv2/mon", "hv2/osd1")))
    eventually("Ceph is whole", lab.healthy, 60)


def test_up_repairs_what_is_broken(lab: CephLab) -> None:
    for words in (("kill", "hv1/mon"), ("stop", "hv2/osd1"), ("kill", "mgr")):
        lab.do(*words)
    assert "Ceph: HEALTH_OK" in lab.do(*UP)
    assert lab.all_answer()


def test_a_lab_without_ceph_gets_none_later_and_has_no_disks() -> None:
    with place_for_a_lab() as place:
        plain = Lab(place)
        try:
            plain.do("up", "--without-product", "--nodes", "1")
            refused = plain("up", "--ceph", "--without-product")
            assert (refused.returncode, "without Ceph" in refused.stderr) == (5, True)
            assert plain("guest", "vm1", "--disk", "vms/disk").returncode == 5
            assert plain("guest", "vm1", "--disk", "disk").returncode == 2
        finally:
            plain.do("down")


def lab_address(lab: CephLab, name: str) -> str:
    return next(str(node["address"]) for node in lab.status()["nodes"] if node["name"] == name)
