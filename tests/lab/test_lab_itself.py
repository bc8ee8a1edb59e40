"""The lab itself, for real: every command does what it says, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_tool import PROGRAMS, Lab, eventually, leftovers, place_for_a_lab, processes_naming

UP = ("up", "--without-product")


class BareLab(Lab):
    """A lab without the product: guests are virsh's."""

    def virsh(self, node: str, *words: str) -> str:
        return self.do("exec", node, "--", "virsh", "-q", *words)

    def boot(self, node: str, guest: str) -> None:
        xml = self.do("guest", guest)
        self.do("exec", node, "--", "virsh", "-q", "create", "/dev/stdin", stdin=xml)
        eventually(f"{guest} ticks", lambda: self.last_tick(guest) > 0)

    def ticks(self, guest: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self("ticks", guest, "--format", "json").stdout)
        return found[0]

    def last_tick(self, guest: str) -> int:
        boots = self.ticks(guest)["boots"]
        return int(boots[-1]["last"]) if boots else 0


@pytest.fixture(scope="module")
def lab() -> Iterator[BareLab]:
    with place_for_a_lab() as place:
        lab = BareLab(place)
        try:
            lab.do(*UP)
            yield lab
        finally:
            lab.do("down")


@pytest.fixture(autouse=True)
def whole(lab: BareLab) -> None:
    """Each test starts from a lab in which everything answers."""
    lab.do(*UP)


def test_everything_answers_after_up(lab: BareLab) -> None:
    status = lab.status()
    assert [part["state"] for part in status["parts"]] == ["up"] * 7
    assert all(Path(part["log"]).exists() for part in status["parts"])
    assert [node["power"] for node in status["nodes"]] == ["on"] * 3


def test_up_again_changes_nothing(lab: BareLab) -> None:
    before = [part["pid"] for part in lab.status()["parts"]]
    lab.do(*UP, "--nodes", "3")
    assert [part["pid"] for part in lab.status()["parts"]] == before


def test_secrets_are_for_root_only(lab: BareLab) -> None:
    secrets = [*(lab.root / "secrets").iterdir(), lab.root / "redis" / "redis.conf"]
    assert len(secrets) > 1
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


def test_a_power_cut_takes_everything_of_the_node(lab: BareLab) -> None:
    lab.boot("hv3", "dies")
    lab.do("power", "off", "hv3")
    assert not [line for line in processes_naming(lab.root) if "hv3" in line or "guest=dies" in line]
    assert {part["state"] for part in lab.status()["parts"] if part["node"] == "hv3"} == {"down"}
    assert lab.part("hv1/zookeeper")["answers"]


def test_power_brings_the_node_back_empty(lab: BareLab) -> None:
    lab.boot("hv3", "gone")
    lab.do("exec", "hv3", "--", "touch", "/run/before", "/var/lib/libvirt/kept")
    lab.do("power", "off", "hv3")
    lab.do("power", "on", "hv3")
    eventually("all answer", lab.all_answer)
    assert lab.virsh("hv3", "list", "--name").strip() == ""
    assert lab("exec", "hv3", "--", "test", "-e", "/run/before").returncode == 1
    lab.do("exec", "hv3", "--", "test", "-e", "/var/lib/libvirt/kept")


def test_a_network_cut_is_silent_and_heals(lab: BareLab) -> None:
    lab.do("net", "cut", "hv2")
    assert lab.part("hv2/libvirtd")["state"] == "cut"
    assert not lab.part("hv2/libvirtd")["answers"]
    lab.do("exec", "hv2", "--", "virsh", "-q", "list")
    lab.do("net", "heal", "hv2")
    eventually("all answer", lab.all_answer)


def test_a_killed_part_stays_down_until_it_is_started(lab: BareLab) -> None:
    lab.do("kill", "hv1/zookeeper")
    assert lab.part("hv1/zookeeper")["state"] == "down"
    lab.do("kill", "hv1/zookeeper")
    lab.do("start", "hv1/zookeeper")
    eventually("it answers", lambda: lab.part("hv1/zookeeper")["answers"])


def test_a_stopped_part_is_there_and_silent(lab: BareLab) -> None:
    lab.do("stop", "redis")
    assert (lab.part("redis")["state"], lab.part("redis")["answers"]) == ("stopped", False)
    lab.do("cont", "redis")
    assert lab.part("redis")["answers"]
    lab.do("redis", "wipe")


def test_a_guest_outlives_its_libvirtd(lab: BareLab) -> None:
    lab.boot("hv1", "survivor")
    lab.do("kill", "hv1/libvirtd")
    before = lab.last_tick("survivor")
    eventually("it ticks on", lambda: lab.last_tick("survivor") > before)
    lab.do("start", "hv1/libvirtd")
    eventually("it answers", lambda: lab.part("hv1/libvirtd")["answers"])
    assert "survivor" in lab.virsh("hv1", "list", "--name")
    assert lab.ticks("survivor")["whole"]


def test_a_guest_migrates_without_losing_a_tick_and_obeys_acpi(lab: BareLab) -> None:
    lab.boot("hv1", "mover")
    lab.virsh("hv1", "migrate", "--live", "--p2p", "mover", "qemu+tcp://hv2/system")
    before = lab.last_tick("mover")
    eventually("it ticks on", lambda: lab.last_tick("mover") > before + 2)
    assert lab.ticks("mover")["whole"]
    assert lab.ticks("mover")["boots"][0]["nodes"] == ["hv1", "hv2"]
    lab.virsh("hv2", "shutdown", "mover")
    eventually("it is off", lambda: "mover" not in lab.virsh("hv2", "list", "--name"))


def test_exec_passes_the_exit_code_on(lab: BareLab) -> None:
    assert lab("exec", "hv2", "--", "sh", "-c", "exit 7").returncode == 7
    assert lab.do("exec", "hv2", "--", "hostname").strip() == "hv2"


def test_up_repairs_what_is_broken(lab: BareLab) -> None:
    lab.do("power", "off", "hv1")
    lab.do("net", "cut", "hv2")
    lab.do("stop", "hv3/libvirtd")
    lab.do("kill", "redis")
    lab.do(*UP)
    assert lab.all_answer()


@pytest.mark.parametrize(
    "words, code",
    [
        (("power", "off", "hv9"), 4),
        (("net", "cut", "../hv1"), 4),
        (("kill", "hv1/nothing"), 4),
        (("kill", "hv1"), 4),
        (("exec", "hv9", "--", "true"), 4),
        (("guest", "../x"), 2),
        (("up", "--nodes", "0"), 2),
        (("up", "--nodes", "5"), 5),
        (("cont", "no-such-part"), 4),
        (("power", "sideways", "hv1"), 2),
    ],
)
def test_bad_input_is_an_error_without_traceback_and_changes_nothing(
    lab: BareLab, words: tuple[str, ...], code: int
) -> None:
    before = [(part["pid"], part["state"]) for part in lab.status()["parts"]]
    refused = lab(*words)
    assert refused.returncode == code
    assert "rror: " in refused.stderr and "Traceback" not in refused.stderr
    assert [(part["pid"], part["state"]) for part in lab.status()["parts"]] == before


def test_there_is_nothing_to_command_where_no_lab_is() -> None:
    with place_for_a_lab() as place:
        nowhere = Lab(place)
        for words in (
            ("status",),
            ("power", "off", "hv1"),
            ("guest", "vm1"),
            ("redis", "wipe"),
            ("kill", "redis"),
        ):
            refused = nowhere(*words)
            assert (refused.returncode, "pvc-lab up" in refused.stderr) == (5, True), refused.stderr
        nowhere.do("down")
        assert not place.exists()


def test_a_directory_with_something_else_in_it_is_left_alone() -> None:
    with place_for_a_lab() as place:
        place.mkdir()
        (place / "thesis.txt").write_text("three years of work")
        strange = Lab(place)
        refused = strange(*UP)
        assert (refused.returncode, "cannot live" in refused.stderr) == (2, False), refused.stderr
        strange.do("down")
        assert [path.name for path in place.iterdir()] == ["thesis.txt"]


def test_down_leaves_nothing_even_after_a_crash_of_the_lab() -> None:
    with place_for_a_lab() as place:
        crashing = BareLab(place)
        crashing.do(*UP, "--nodes", "1")
        crashing.boot("hv1", "orphan")
        os.kill(crashing.part("hv1/libvirtd")["pid"], signal.SIGKILL)
        (crashing.root / "lab.json").write_text("{torn")
        crashing.do("down")
        assert leftovers(crashing.root) == []
        assert not crashing.root.exists()


def test_down_clears_what_an_interrupted_up_began() -> None:
    with place_for_a_lab() as place:
        begun = BareLab(place)
        argv = [str(PROGRAMS / "pvc-lab"), "--dir", str(begun.root), *UP]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as up:
            eventually("it has begun", lambda: len(processes_naming(begun.root)) > 3)
            up.kill()
        begun.do("down")
        assert leftovers(begun.root) == []


def test_without_root_it_refuses_politely() -> None:
    argv = ["setpriv", "--reuid", "65534", "--clear-groups", str(PROGRAMS / "pvc-lab"), "status"]
    refused = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert refused.returncode == 3
    assert "root" in refused.stderr and "Traceback" not in refused.stderr
