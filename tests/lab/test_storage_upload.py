"""Files become volumes, for real, on a real Ceph: whole, or not at all, whatever breaks on the way."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from lab_tool import CEPH, eventually
from real_cluster import NODES, RealCluster, in_a_lab

from pvc_core.model.upload import CONVERTED
from pvc_lab import product

pytestmark = CEPH
MIB = 1 << 20
SMALL, LARGE = 8 * MIB, 256 * MIB
VOLUMES = ("storage", "ceph", "volume")
STORED = "/storage/ceph/volume/vms"


class StoringCluster(RealCluster):
    def up(self) -> None:
        self.do("up", "--ceph", "--connection", "lab")
        self.http.headers["Authorization"] = f"Bearer {self.layout.admin_token.read_text().strip()}"

    def upload(self, file: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        return self.pvc(*VOLUMES, "upload", "vms", name, str(file), *words, "--wait")

    @contextmanager
    def half_sent(self, file: Path, name: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """The sender, and the task; the storage is slow until what shall break is broken."""
        with self.slow_network(200, NODES):
            words = ("--image-format", "raw", "--wait")
            sender = self.begin(*VOLUMES, "upload", "vms", name, str(file), *words)
            eventually("some of it has arrived", lambda: self.arrived(name) > 0, 60)
            assert self.arrived(name) < LARGE
            yield sender, str(self.task(name)["id"])

    def task(self, name: str) -> dict[str, Any]:
        tasks = self.get("/task?operation=storage.volume.upload&limit=20")
        return next((one for one in tasks if one["about"] == f"vms/{name}"), {})

    def arrived(self, name: str) -> int:
        task = self.task(name)
        answer = self.ask("GET", f"/storage/ceph/upload/{task['id']}") if task else None
        return int(answer.json()["received"]) if answer is not None and answer.ok else 0

    def kill_orphans(self) -> None:
        """gunicorn's workers end what they are at when it dies; here they die in the middle of it."""
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(product.api_file(self.layout)).encode() in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)

    def names(self) -> set[str]:
        """All that is in the pool, whoever made it."""
        return {one["name"] for one in self.get("/storage/ceph/volume?pool=vms")}

    def forget(self, *names: str) -> None:
        for name in names:
            self.succeeds(self.ask("DELETE", f"{STORED}/{name}").json()["id"])

    def download(self, name: str, file: Path, form: str = "raw") -> str:
        done = self.pvc(*VOLUMES, "download", "vms", name, str(file), "--image-format", form, "--overwrite")
        assert done.returncode == 0, done.stderr
        return sha256(file)


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def qemu_img(*words: object) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, timeout=120, capture_output=True)


@pytest.fixture(scope="module")
def lab() -> Iterator[StoringCluster]:
    with in_a_lab(StoringCluster) as lab:
        yield lab


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with holes in every format, and a large one without."""
    place = tmp_path_factory.mktemp("images")
    with (place / "disk.raw").open("wb") as opened:
        for at in (0, 3 * MIB + 7, SMALL - 4096):
            opened.seek(at)
            opened.write(os.urandom(4096))
    for form in ("qcow2", "vmdk", "vdi"):
        qemu_img("convert", "-f", "raw", "-O", form, place / "disk.raw", place / f"disk.{form}")
    with (place / "large.raw").open("wb") as opened:
        for _ in range(LARGE // MIB):
            opened.write(os.urandom(MIB))
    qemu_img("convert", "-f", "raw", "-O", "qcow2", place / "large.raw", place / "large.qcow2")
    return place


@pytest.fixture(autouse=True)
def nothing_left(lab: StoringCluster) -> Iterator[None]:
    yield
    lab.up()
    eventually("nothing is left in the pool", lambda: not lab.names(), 60)


@pytest.mark.parametrize("form", ["raw", "qcow2", "vmdk", "vdi"])
def test_every_format_arrives_as_the_disk_that_is_in_it(
    lab: StoringCluster, files: Path, tmp_path: Path, form: str
) -> None:
    file = files / f"disk.{form}"
    words = ("--image-format", "raw") if form == "raw" else ("--checksum", sha256(file))
    done = lab.upload(file, "disk", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.task("disk")["result"]["sha256"] == sha256(file)
    assert lab.names() == {"disk"}
    assert lab.download("disk", tmp_path / "back.raw") == sha256(files / "disk.raw")
    lab.forget("disk")


def test_a_download_as_qcow2_is_sound_and_holds_only_what_was_written(
    lab: StoringCluster, files: Path, tmp_path: Path
) -> None:
    assert lab.upload(files / "disk.raw", "disk", "--image-format", "raw", "--size", "64M").returncode == 0
    back = tmp_path / "back.qcow2"
    lab.download("disk", back, "qcow2")
    qemu_img("check", back)
    qemu_img("resize", "-f", "raw", _copied(files / "disk.raw", tmp_path), "64M")
    qemu_img("compare", "-f", "raw", "-F", "qcow2", tmp_path / "disk.raw", back)
    assert back.stat().st_size < 20 * MIB
    lab.forget("disk")
    assert lab.upload(back, "again").returncode == 0
    assert lab.download("again", tmp_path / "again.raw") == sha256(tmp_path / "disk.raw")
    lab.forget("again")


def _copied(file: Path, place: Path) -> Path:
    copy = place / file.name
    copy.write_bytes(file.read_bytes())
    return copy


def test_hostile_and_broken_images_are_refused(lab: StoringCluster, files: Path, tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", "-u", "-b", "/etc/hostname", "-F", "raw", tmp_path / "backed", "1M")
    data = tmp_path / "data"
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={data},data_file_raw=on", tmp_path / "split", "1M")
    qemu_img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", tmp_path / "flat", "1M")
    whole = bytearray((files / "large.qcow2").read_bytes()[: 4 * MIB])
    (tmp_path / "cut").write_bytes(whole)
    whole[4 * 65536 : 5 * 65536] = os.urandom(65536)
    (tmp_path / "corrupt").write_bytes(whole)
    (tmp_path / "text").write_text("no image at all")
    for name in ("backed", "split", "flat", "cut", "corrupt", "text"):
        done = lab.upload(tmp_path / name, name)
        assert done.returncode in (2, 8), (name, done.stdout, done.stderr)
        assert "remedy" in done.stderr, (name, done.stderr)
        assert lab.names() == set(), name
    assert lab.task("backed")["error"]["code"] == "INVALID_IMAGE"
    assert lab.upload(files / "disk.qcow2", "disk", "--checksum", "0" * 64).returncode == 8
    assert lab.task("disk")["error"]["code"] == "CHECKSUM_MISMATCH"


def test_a_sender_that_is_killed_leaves_nothing(lab: StoringCluster, files: Path) -> None:
    with lab.half_sent(files / "large.raw", "gone") as (sender, task):
        sender.kill()
        sender.wait()
    ended = lab.ended(task, 90)
    assert (ended["state"], ended["error"]["code"]) == ("failed", "SENDER_GONE"), ended
    assert lab.names() == set()


def test_a_cancel_in_mid_upload_leaves_nothing(lab: StoringCluster, files: Path) -> None:
    with lab.half_sent(files / "large.raw", "cancelled") as (sender, task):
        lab.ask("POST", f"/task/{task}/cancel", json={})
    assert lab.ended(task)["state"] == "cancelled"
    assert sender.wait(60) == 9, sender.stdout.read() if sender.stdout else ""
    assert lab.names() == set()


def test_the_api_is_killed_in_mid_upload(lab: StoringCluster, files: Path, tmp_path: Path) -> None:
    with lab.half_sent(files / "large.raw", "survives") as (sender, task):
        lab.do("kill", "api")
        lab.kill_orphans()
        lab.do("start", "api")
        eventually("the API answers", lambda: product.api_answers(lab.layout))
        assert lab.arrived("survives") < LARGE
    arrived_whole(lab, sender, task, files)
    assert lab.download("survives", tmp_path / "back.raw") == sha256(files / "large.raw")
    lab.forget("survives")


CEPH_STATUS = ("storage", "ceph", "status")


def test_an_osd_is_killed_in_mid_upload(lab: StoringCluster, files: Path, tmp_path: Path) -> None:
    with lab.half_sent(files / "large.raw", "osd") as (sender, task):
        lab.do("kill", "hv3/osd2")
    arrived_whole(lab, sender, task, files)
    lab.do("start", "hv3/osd2")
    eventually("Ceph has it again", lambda: "storage is ok" in lab.pvc(*CEPH_STATUS).stdout, 90)
    assert lab.download("osd", tmp_path / "back.raw") == sha256(files / "large.raw")
    lab.forget("osd")


def test_a_storage_that_hangs_is_waited_for_and_named(lab: StoringCluster, files: Path) -> None:
    with lab.half_sent(files / "large.raw", "hangs") as (sender, task):
        for node, osd in (("hv2", "osd1"), ("hv3", "osd2")):
            lab.do("stop", f"{node}/{osd}")
        eventually("the task says so", lambda: "receiving; " in lab.get(f"/task/{task}")["text"], 90)
        for node, osd in (("hv2", "osd1"), ("hv3", "osd2")):
            lab.do("cont", f"{node}/{osd}")
    arrived_whole(lab, sender, task, files)
    lab.forget("hangs")


def test_the_worker_is_killed_in_mid_conversion(lab: StoringCluster, files: Path, tmp_path: Path) -> None:
    sender = lab.begin(*VOLUMES, "upload", "vms", "converted", str(files / "large.qcow2"), "--wait")
    eventually("it converts", lambda: lab.task("converted").get("stage") == "converting", 60)
    lab.do("kill", f"{lab.task('converted')['worker']}/worker")
    assert sender.wait(120) == 0, sender.stdout.read() if sender.stdout else ""
    assert lab.download("converted", tmp_path / "back.raw") == sha256(files / "large.raw")
    eventually("nothing else is there", lambda: lab.names() == {"converted"}, 60)
    lab.up()
    lab.forget("converted")


def kill_qemu_img() -> bool:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            if words.startswith(b"qemu-img\0convert\0") and CONVERTED.encode() in words:
                os.kill(int(entry.name), signal.SIGKILL)
                return True
    return False


def test_qemu_img_is_killed_in_mid_conversion(lab: StoringCluster, files: Path, tmp_path: Path) -> None:
    """The image is not to blame for it: what arrived is kept, and converted once more."""
    sender = lab.begin(*VOLUMES, "upload", "vms", "again", str(files / "large.qcow2"), "--wait")
    eventually("it is killed", kill_qemu_img, 60, pause=0.01)
    assert sender.wait(120) == 0, sender.stdout.read() if sender.stdout else ""
    said = [line["text"] for line in lab.get(f"/task/{lab.task('again')['id']}")["log"]]
    assert any("ended by SIGKILL" in text for text in said), said
    assert lab.download("again", tmp_path / "back.raw") == sha256(files / "large.raw")
    lab.forget("again")


def arrived_whole(lab: StoringCluster, sender: subprocess.Popen[str], task: str, files: Path) -> None:
    assert sender.wait(180) == 0, sender.stdout.read() if sender.stdout else ""
    assert lab.succeeds(task)["result"]["sha256"] == sha256(files / "large.raw")
