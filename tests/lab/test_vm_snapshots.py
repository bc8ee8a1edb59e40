"""Snapshots of a VM that writes to two disks on real Ceph: one moment, taken back, the guest unharmed.

The guest gives its second disk each round once the first has called it safe. So a snapshot of one moment
shows the same last round on both, or one less on the second.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
import yaml
from lab_tool import S3, eventually
from real_cluster import RealCluster, in_a_lab

from pvc_core.config import S3Section
from pvc_drivers.exports.s3_client import connect
from pvc_lab import guest, libvirtd
from pvc_lab.ceph import gateway
from pvc_lab.rounds import read_rounds
from pvc_lab.ticks import console_texts

pytestmark = S3
VM, DISKS = "writer", ("first", "second")
FOUND = re.compile(r"(found|beside) ([0-9a-f]{12}) ([0-9]) ([a-z0-9]+);")
CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
CYCLE = 10
"""More rounds than a disk has slots."""


class SnapshotCluster(RealCluster):
    def up(self) -> None:
        self.do("up", "--s3", "--connection", "snaps")
        self.http.headers["Authorization"] = f"Bearer {self.layout.admin_token.read_text().strip()}"

    guest = VM
    """Whose console is read."""
    without_agent = ""
    """Its definition, to go back to."""

    def export(self, name: str, to: str, kill: bool, **more: str) -> None:
        process = self.job_process()
        job = self.submit(f"/vm/{VM}/snapshot/{name}/export", directory=to, **more)
        if kill:
            eventually("a chunk is there", lambda: self.chunks(to), pause=0.005)
            os.kill(process, signal.SIGKILL)
            begun = self.get(f"/task/{job}")["notes"]["worked_by"]
        ended = self.succeeds(job, 180)
        assert ended["result"]["bytes"] > 0, ended
        taken_over = kill and ended["notes"]["worked_by"] != begun
        print(to, ended["result"]["bytes"], "bytes", "by another worker" if taken_over else "")

    def chunks(self, of: str) -> list[str]:
        """The files of an export's chunks: as the directory has them, or as Ceph's gateway says."""
        if not of.startswith("s3:"):
            return [str(path) for path in (self.root / "export" / of).glob("*/*.chunk")]
        prefix = f"{self.place.prefix}/{of.removeprefix('s3:')}/"
        found = self.s3.list_objects_v2(Bucket=self.place.bucket, Prefix=prefix).get("Contents", [])
        return [one["Key"] for one in found if one["Key"].endswith(".chunk")]

    @property
    def place(self) -> S3Section:
        return S3Section.model_validate(gateway.settings(self.layout))

    @cached_property
    def s3(self) -> Any:
        return connect(self.place)

    def kill_worker_at_work(self, job: str) -> None:
        process = self.job_process()
        eventually("it is at work", lambda: "worked_by" in self.get(f"/task/{job}")["notes"])
        os.kill(process, signal.SIGKILL)

    def make_writer(self) -> None:
        for disk in DISKS:
            self.succeeds(self.submit(f"/storage/ceph/volume/vms/{disk}", size="16M"))
        self.submit("/vm", xml=guest.domain_xml(self.layout, VM, disk=f"vms/{DISKS[0]}"), node="hv1")
        self.succeeds(self.submit(f"/vm/{VM}/volume", volume=f"vms/{DISKS[1]}"))

    def begin_writing(self) -> None:
        boots = len(self.sessions())
        self.succeeds(self.submit(f"/vm/{self.guest}/start"))
        eventually("it writes", lambda: len(self.sessions()) > boots and self.sessions()[-1].last > 0, 90)

    def sessions(self) -> list[Any]:
        return read_rounds(self.layout, self.guest).sessions

    def last(self) -> int:
        return int(self.sessions()[-1].last)

    def writes_on(self, rounds: int = 3) -> None:
        goal = self.last() + rounds
        eventually("it writes on", lambda: self.last() >= goal, 90)
        assert not self.sessions()[-1].spoilt

    def found(self) -> dict[str, dict[int, str]]:
        """What its last boot found on each disk, slot by slot."""
        seen: dict[str, dict[str, dict[int, str]]] = {}
        for text in console_texts(self.layout, self.guest).values():
            for word, boot, slot, what in FOUND.findall(text):
                seen.setdefault(boot, {}).setdefault(word, {})[int(slot)] = what
        return seen[max(seen)]

    def keep(self, name: str) -> str:
        return self.submit(f"/vm/{VM}/snapshot", snapshot=name)

    def roll_back(self, name: str) -> None:
        self.succeeds(self.submit(f"/vm/{VM}/stop"))
        self.succeeds(self.submit(f"/vm/{VM}/snapshot/{name}/rollback"))

    def seen_by_libvirt(self) -> str:
        uri = libvirtd.uri(self.layout.node("hv1"))
        argv = ["virsh", "-c", uri, "-q", "domstate", VM]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False).stdout.strip()

    def live_xml(self) -> str:
        uri = libvirtd.uri(self.layout.node("hv1"))
        argv = ["virsh", "-c", uri, "-q", "dumpxml", VM]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False).stdout

    def job_process(self) -> int:
        return int(self.part("hv1/worker")["pid"])

    def strike_while_held(self, job: str, process: int, blow: signal.Signals) -> bool:
        """Whether the blow fell while the guest was held."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.get(f"/task/{job}")
            if found["stage"] == "holding":
                os.kill(process, blow)
                return bool(self.get(f"/task/{job}")["stage"] == "holding")
            if found["finished"]:
                return False
        raise AssertionError(f"{job} was never taken")

    def snapshots_of_volumes(self) -> dict[str, list[str]]:
        return {disk: sorted(self.get(f"/storage/ceph/volume/vms/{disk}")["snapshots"]) for disk in DISKS}

    def named_by_records(self) -> dict[str, list[str]]:
        kept = self.get(f"/vm/{VM}/snapshot")
        return {
            disk: sorted(part["snapshot"] for one in kept for part in one["disks"] if part["volume"] == disk)
            for disk in DISKS
        }


@pytest.fixture(scope="module")
def real() -> Iterator[SnapshotCluster]:
    with in_a_lab(SnapshotCluster) as cluster:
        cluster.make_writer()
        yield cluster


def assert_one_moment(real: SnapshotCluster, before: int, after: int, apart: int = 1) -> None:
    """By what the guest found: between these rounds, the same on both disks but for the very last."""
    disks = real.found()
    tops = {}
    for word in ("found", "beside"):
        whole = [int(what) for what in disks[word].values() if what.isdigit()]
        assert len(whole) >= len(disks[word]) - 1, disks
        tops[word] = max(whole)
        expected = {number for number in range(max(whole) - 6, max(whole) + 1) if number > 0}
        assert expected <= set(whole), (word, disks)
    assert 0 <= tops["found"] - tops["beside"] <= apart, disks
    assert before <= tops["found"] <= after + 1, (before, tops, after)


def test_a_writing_guest_is_kept_and_taken_back_to_one_moment(real: SnapshotCluster) -> None:
    real.begin_writing()
    real.writes_on(CYCLE)
    before = real.last()
    job = real.succeeds(real.keep("one"))
    after = real.last()
    assert job["result"]["consistent"] == "pause" and job["result"]["pause_ms"] < 5000
    print("held for", job["result"]["pause_ms"], "ms")
    real.writes_on(CYCLE)
    diff = real.get(f"/vm/{VM}/snapshot/one/diff")
    assert [disk["change"] for disk in diff["disks"]] == ["same", "same"]
    assert all(disk["changed"] > 0 for disk in diff["disks"]), diff
    real.roll_back("one")
    real.begin_writing()
    assert_one_moment(real, before, after)
    real.writes_on()


def test_an_agent_in_the_guest_holds_it(real: SnapshotCluster) -> None:
    """It holds the writer between two rounds: what is kept is the same on both disks."""
    real.succeeds(real.submit(f"/vm/{VM}/stop"))
    xml = real.ask("GET", f"/vm/{VM}/xml").text
    real.without_agent = xml
    real.submit(f"/vm/{VM}/xml", xml=xml.replace("</devices>", f"{CHANNEL}</devices>"))
    real.begin_writing()
    eventually("the agent is there", lambda: "state='connected'" in real.live_xml(), 60)
    before = real.last()
    job = real.succeeds(real.keep("quiet"))
    after = real.last()
    assert job["result"]["consistent"] == "agent", job["log"]
    print("held for", job["result"]["pause_ms"], "ms")
    real.writes_on(CYCLE)
    real.roll_back("quiet")
    real.begin_writing()
    assert_one_moment(real, before, after, apart=0)
    real.writes_on()


def test_the_worker_is_killed_while_the_agent_holds_the_guest(real: SnapshotCluster) -> None:
    for attempt in range(10):
        process = real.job_process()
        job = real.keep(f"frozen{attempt}")
        struck = real.strike_while_held(job, process, signal.SIGKILL)
        assert real.succeeds(job, 120)["result"]["consistent"] == "agent"
        real.writes_on()
        if struck:
            break
    assert struck, "never caught it"
    assert real.snapshots_of_volumes() == real.named_by_records()
    real.succeeds(real.submit(f"/vm/{VM}/stop"))
    real.submit(f"/vm/{VM}/xml", xml=real.without_agent)
    real.begin_writing()


def test_many_at_once_do_not_spoil_it(real: SnapshotCluster) -> None:
    pauses = []
    for number in range(5):
        pauses.append(real.succeeds(real.keep(f"many{number}"))["result"]["pause_ms"])
    print("held for", pauses, "ms")
    real.writes_on(CYCLE)
    assert real.snapshots_of_volumes() == real.named_by_records()
    for number in range(5):
        answer = real.ask("DELETE", f"/vm/{VM}/snapshot/many{number}")
        real.succeeds(answer.json()["id"])
    assert real.snapshots_of_volumes() == real.named_by_records()


def test_the_worker_is_killed_while_it_holds_the_guest(real: SnapshotCluster) -> None:
    for attempt in range(10):
        process = real.job_process()
        job = real.keep(f"killed{attempt}")
        struck = real.strike_while_held(job, process, signal.SIGKILL)
        if struck:
            break
        real.succeeds(job, 120)
    assert struck, "never caught it"
    ended = real.succeeds(job, 120)
    assert ended["notes"]["tries"] >= 1
    assert real.seen_by_libvirt() == "running"
    real.writes_on(CYCLE)
    assert real.snapshots_of_volumes() == real.named_by_records()


def test_the_worker_stands_still_while_it_holds_the_guest(real: SnapshotCluster) -> None:
    """Nobody can take its place, so the agent lets the guest go."""
    for attempt in range(10):
        process = real.job_process()
        job = real.keep(f"stopped{attempt}")
        if real.strike_while_held(job, process, signal.SIGSTOP):
            if real.seen_by_libvirt() == "paused":
                break
            os.kill(process, signal.SIGCONT)
        real.succeeds(job, 120)
    else:
        raise AssertionError("never caught it")
    since = time.monotonic()
    try:
        eventually("the agent lets it go", lambda: real.seen_by_libvirt() == "running", 60)
        print(f"let go after {time.monotonic() - since:.0f} s")
        real.writes_on()
    finally:
        os.kill(process, signal.SIGCONT)
    real.succeeds(job, 120)
    real.writes_on(CYCLE)
    assert real.seen_by_libvirt() == "running"
    assert real.snapshots_of_volumes() == real.named_by_records()


def test_the_worker_is_killed_while_it_rolls_back(real: SnapshotCluster) -> None:
    before = real.last()
    real.succeeds(real.keep("last"))
    after = real.last()
    real.writes_on(CYCLE)
    real.succeeds(real.submit(f"/vm/{VM}/stop"))
    job = real.submit(f"/vm/{VM}/snapshot/last/rollback")
    eventually("it works", lambda: real.get(f"/task/{job}")["stage"] or real.get(f"/task/{job}")["finished"])
    worker = str(real.get(f"/task/{job}")["notes"].get("worked_by", "hv1")).split()[0]
    os.kill(int(real.part(f"{worker}/worker")["pid"]), signal.SIGKILL)
    real.succeeds(job, 120)
    real.begin_writing()
    assert_one_moment(real, before, after)
    real.writes_on()


@pytest.mark.parametrize(("place", "copy"), [("", "copy"), ("s3:", "return")], ids=["directory", "s3"])
def test_it_leaves_as_files_and_comes_back_under_another_name(
    real: SnapshotCluster, place: str, copy: str
) -> None:
    """Full, then what changed since; the worker is killed in the middle of each way."""
    if real.seen_by_libvirt() != "running":
        real.begin_writing()
    real.succeeds(real.keep(f"{copy}-base"))
    real.export(f"{copy}-base", f"{place}full", kill=True)
    real.writes_on(CYCLE)
    before = real.last()
    real.succeeds(real.keep(f"{copy}-next"))
    after = real.last()
    real.export(f"{copy}-next", f"{place}incr", kill=True, incremental_from=f"{copy}-base")
    job = real.submit("/import", directory=f"{place}incr", node="hv1", rename=copy)
    real.kill_worker_at_work(job)
    ended = real.succeeds(job, 180)
    assert ended["result"]["volumes"] == [f"vms/{copy}-0", f"vms/{copy}-1"]
    real.succeeds(real.submit(f"/vm/{VM}/stop"))
    real.guest = copy
    try:
        real.begin_writing()
        assert_one_moment(real, before, after)
        real.writes_on()
        real.succeeds(real.submit(f"/vm/{copy}/stop"))
    finally:
        real.guest = VM
    left = {one["name"] for one in real.get("/storage/ceph/volume") if one["name"].startswith("import.")}
    assert left == set()
    real.begin_writing()


def test_a_gateway_that_stands_still_is_waited_for(real: SnapshotCluster) -> None:
    """In the middle of an export, and while an import reads."""
    gateway_process = int(real.part("radosgw")["pid"])
    real.succeeds(real.keep("still"))
    out = real.submit(f"/vm/{VM}/snapshot/still/export", directory="s3:still")
    eventually("a chunk is there", lambda: real.chunks("s3:still"), pause=0.005)
    os.kill(gateway_process, signal.SIGSTOP)
    try:
        eventually("it waits", lambda: "does not answer" in real.get(f"/task/{out}")["text"], 60)
        back = real.submit("/import", directory="s3:still", node="hv1", rename="late")
        eventually("it waits too", lambda: "does not answer" in real.get(f"/task/{back}")["text"], 60)
    finally:
        os.kill(gateway_process, signal.SIGCONT)
    real.succeeds(out, 120)
    ended = real.ended(back, 120)
    if ended["state"] != "succeeded":
        assert ended["error"]["code"] == "NOT_FOUND", ended
        ended = real.succeeds(real.submit("/import", directory="s3:still", node="hv1", rename="late"), 120)
    assert ended["result"]["volumes"] == ["vms/late-0", "vms/late-1"]


def test_s3_keeps_nothing_half_done_and_nobody_tells_its_keys(real: SnapshotCluster) -> None:
    uploads = real.s3.list_multipart_uploads(Bucket=real.place.bucket)
    assert not uploads.get("Uploads")
    keys = yaml.safe_load(real.place.credentials_file.read_text())
    said = [path for path in real.root.rglob("*.log") if path.is_file()]
    texts = [real.ask("GET", "/task?limit=200").text, *(path.read_text(errors="replace") for path in said)]
    assert said and len(texts[0]) > 1000
    for secret in keys.values():
        assert [path for path in texts if secret in path] == []


def test_a_vm_with_snapshots_is_not_forgotten(real: SnapshotCluster) -> None:
    real.succeeds(real.submit(f"/vm/{VM}/stop"))
    assert real.ask("DELETE", f"/vm/{VM}").status_code == 409
    for one in real.get(f"/vm/{VM}/snapshot"):
        real.succeeds(real.ask("DELETE", f"/vm/{VM}/snapshot/{one['name']}").json()["id"])
    assert real.snapshots_of_volumes() == {disk: [] for disk in DISKS}
    assert real.ask("DELETE", f"/vm/{VM}").status_code == 200
