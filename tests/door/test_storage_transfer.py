"""Files through the command line and the API: sent, gone on with, fetched, refused before the first byte."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cluster import DoorCluster
from serving import pvc, serve
from uploading import QCOW2, RAW, SlowUploads, begin, nothing_left, sha256, upload_cluster
from volumes import define_with, run_with, succeeded

from pvc_api.app import create_app
from pvc_api.shared import EXTENSION
from pvc_cli import connections
from pvc_core.model.operations import AddSnapshot, MetaVm, RollBackSnapshot, StartVm, StopVm
from pvc_drivers.blocks.fake_content import FakeSource

VOLUMES = ("storage", "ceph", "volume")
BIG = bytes(range(256)) * 12_000
"""More than a request's body may be long otherwise."""


class Doors:
    def __init__(self, cluster: DoorCluster, blocks: SlowUploads, address: str, places: threading.Semaphore):
        self.cluster, self.blocks, self.address, self.places = cluster, blocks, address, places
        self.headers = {"Authorization": f"Bearer {cluster.token}"}

    def ask(self, method: str, path: str, **settings: object) -> requests.Response:
        url = f"{self.address}/api/v1/storage/ceph{path}"
        return requests.request(method, url, headers=self.headers, timeout=30, **settings)  # type: ignore[arg-type]


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    monkeypatch.setattr("pvc_tasks.operations.volume_upload.LOOK_S", 0.05)
    monkeypatch.setattr("pvc_cli.sending.PAUSE_S", 0.05)
    with upload_cluster(tmp_path) as (cluster, blocks):
        app = create_app(cluster.config, cluster.service)
        with serve(app) as address:
            connections.add("test", connections.Connection(address, cluster.token))
            yield Doors(cluster, blocks, address, app.extensions[EXTENSION].transfers)


def upload(file: Path, *words: str) -> tuple[int, str]:
    done = pvc(*VOLUMES, "upload", "vms", "new", str(file), *words)
    return done.exit_code, done.output


def test_up_and_down_again(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(BIG)
    code, said = upload(tmp_path / "disk.img", "--image-format", "raw", "--checksum", sha256(BIG), "--wait")
    assert code == 0 and "succeeded" in said, said
    back = tmp_path / "back.img"
    done = pvc("--format", "json", *VOLUMES, "download", "vms", "new", str(back))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sha256"] == sha256(BIG) and back.read_bytes() == BIG
    assert pvc(*VOLUMES, "download", "vms", "new", str(back)).exit_code == 2
    assert pvc(*VOLUMES, "download", "vms", "new", str(back), "--overwrite").exit_code == 0
    assert nothing_left(doors.cluster, doors.blocks, "new")


def test_without_waiting_it_says_how_to_follow(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "disk.qcow2").write_bytes(QCOW2)
    code, said = upload(tmp_path / "disk.qcow2")
    assert code == 0 and "task wait" in said and "all is sent" in said
    doors.cluster.await_true(lambda: nothing_left(doors.cluster, doors.blocks, "new"), "it ends well")


@pytest.mark.parametrize(
    ("content", "words", "why"),
    [
        (RAW, (), "--image-format raw"),
        (b"", ("--image-format", "raw"), "is empty"),
        (RAW, ("--image-format", "vdi"), "is not vdi"),
        (RAW, ("--image-format", "raw", "--size", "10X"), "size"),
        (RAW, ("--image-format", "raw", "--checksum", "nonsense"), "checksum"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(
    doors: Doors, tmp_path: Path, content: bytes, words: tuple[str, ...], why: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    code, said = upload(tmp_path / "file", *words)
    assert code == 2 and why in said, said
    assert all(job.operation == "cluster.init" for job in doors.cluster.service.jobs())


def test_a_missing_file_or_volume(doors: Doors, tmp_path: Path) -> None:
    assert upload(tmp_path / "none")[0] == 2
    assert pvc(*VOLUMES, "download", "vms", "none", str(tmp_path / "x")).exit_code == 4
    assert not list(tmp_path.glob("*x*"))


def test_a_failure_shows_as_the_tasks_own(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(RAW)
    code, said = upload(tmp_path / "disk.img", "--image-format", "raw", "--checksum", "0" * 64, "--wait")
    assert code == 8 and "has the SHA-256" in said, said


def test_the_cli_waits_for_a_free_place(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(RAW)
    while doors.places.acquire(blocking=False):
        pass
    threading.Timer(0.5, doors.places.release).start()
    code, said = upload(tmp_path / "disk.img", "--image-format", "raw", "--wait")
    assert code == 0 and "trying again" in said, said


def test_the_cli_goes_on_where_a_connection_broke_off(
    doors: Doors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk.img").write_bytes(BIG)
    writing, left = doors.blocks.writing, [2]

    def failing(pool: str, volume: str, offset: int):  # type: ignore[no-untyped-def]
        left[0] -= 1
        doors.blocks.hanging = False
        if left[0] == 0:
            raise OSError("gone")
        return writing(pool, volume, offset)

    job = begin(doors.cluster, BIG, name="half")
    answer = doors.ask("PUT", f"/upload/{job.id}?offset=0", data=BIG[:1_000_000])
    assert answer.json()["received"] == 1_000_000
    monkeypatch.setattr(doors.blocks, "writing", failing)
    assert doors.ask("PUT", f"/upload/{job.id}?offset=1000000", data=BIG[1_000_000:2_000_000]).ok
    broken = doors.ask("PUT", f"/upload/{job.id}?offset=2000000", data=BIG[2_000_000:])
    assert (broken.status_code, broken.json()["code"]) == (409, "BROKEN_OFF")
    assert doors.ask("GET", f"/upload/{job.id}").json()["received"] == 2_000_000
    assert doors.ask("PUT", f"/upload/{job.id}?offset=2000000", data=iter([BIG[2_000_000:]])).ok
    assert doors.ask("POST", f"/upload/{job.id}", json={"checksum": sha256(BIG)}).ok
    assert doors.cluster.finish(job).result["sha256"] == sha256(BIG)


def test_only_this_route_takes_large_bodies(doors: Doors) -> None:
    job = begin(doors.cluster)
    large = {"checksum": "0" * 2_000_000}
    assert doors.ask("POST", f"/upload/{job.id}", json=large).status_code == 413
    assert doors.ask("PUT", f"/upload/{job.id}?offset=-1", data=RAW).status_code == 400
    assert doors.ask("PUT", f"/upload/{job.id}?offset=7", data=RAW).json()["code"] == "WRONG_OFFSET"
    assert doors.ask("PUT", f"/upload/{job.id}", data=RAW + b"more").status_code == 400
    assert doors.ask("POST", f"/upload/{job.id}", json={"checksum": "x"}).status_code == 400


def test_a_qcow2_file_is_made_on_the_way(doors: Doors, tmp_path: Path) -> None:
    doors.blocks.content_of("vms", "web")[:] = RAW
    file = tmp_path / "web.qcow2"
    done = pvc(*VOLUMES, "download", "vms", "web", str(file), "--image-format", "qcow2")
    assert done.exit_code == 0, done.output
    made = file.read_bytes()
    assert made.startswith(b"QFI\xfb") and int.from_bytes(made[24:32], "big") == 10 << 30
    assert hashlib.sha256(made[-131072:][: len(RAW)]).hexdigest() == sha256(RAW)


def test_a_volume_in_use_is_fetched_by_its_snapshot(doors: Doors, tmp_path: Path) -> None:
    doors.blocks.add_volume("vms", "small", 1 << 20)
    doors.blocks.add_snapshot("vms", "small", "first")
    doors.blocks.open_volume("vms", "small", "10.0.0.7:0/1")
    refused = pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x"))
    assert refused.exit_code == 5 and "--snapshot" in refused.output
    assert not (tmp_path / "x").exists()
    done = pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x"), "--snapshot", "first")
    assert done.exit_code == 0 and (tmp_path / "x").stat().st_size == 1 << 20
    doors.blocks.open_volume("vms", "small")
    assert nothing_left(doors.cluster, doors.blocks, "small")


@pytest.fixture
def meanwhile(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is done after the first part of a file was read; `vm1` has the volume, and is stopped."""
    doors.blocks.add_volume("vms", "small", 3 << 20)
    doors.blocks.add_snapshot("vms", "small", "first")
    define_with(doors.cluster, "vm1", "vms/small")
    calls: list[Callable[[], object]] = []

    def read(source: FakeSource, parts: object) -> Iterator[bytes]:
        for number in range(3):
            yield bytes(1 << 20)
            for call in calls if number == 0 else ():
                call()

    monkeypatch.setattr(FakeSource, "read", read)
    return calls


def test_what_stood_still_is_fetched(
    doors: Doors, tmp_path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile.append(lambda: doors.cluster.run(AddSnapshot(pool="vms", volume="small", snapshot="second")))
    meanwhile.append(lambda: doors.cluster.submit(MetaVm(vm="vm1", autorestart=True)))
    done = pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x"))
    assert done.exit_code == 0 and (tmp_path / "x").stat().st_size == 3 << 20, done.output


def test_a_file_of_two_times_is_not_taken_for_whole(
    doors: Doors, tmp_path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    """The VM has come and gone: only its record still tells."""
    meanwhile.append(lambda: succeeded(doors.cluster.run(StartVm(vm="vm1"))))
    meanwhile.append(lambda: succeeded(doors.cluster.run(StopVm(vm="vm1"))))
    done = pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x"))
    assert (done.exit_code, list(tmp_path.glob("*x*"))) == (7, [])
    assert "broke off" in done.output and "--snapshot NAME" in done.output
    done = pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x"), "--snapshot", "first")
    assert done.exit_code == 0, done.output


def test_nor_is_one_of_a_volume_that_a_task_changed(
    doors: Doors, tmp_path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    back = RollBackSnapshot(pool="vms", volume="small", snapshot="first")
    meanwhile.append(lambda: succeeded(doors.cluster.run(back)))
    assert pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x")).exit_code == 7


def test_whoever_has_it_open_by_then_is_named(
    doors: Doors, tmp_path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile.append(lambda: doors.blocks.open_volume("vms", "small", "10.0.0.7:0/1"))
    done = pvc(*VOLUMES, "download", "vms", "small", str(tmp_path / "x"))
    assert done.exit_code == 5 and "opened while it was fetched, by a client on 10.0.0.7:0/1" in done.output


def test_a_vm_that_runs_with_it_unseen_by_the_storage_counts(doors: Doors, tmp_path: Path) -> None:
    run_with(doors.cluster, "vm1", "vms/web")
    done = pvc(*VOLUMES, "download", "vms", "web", str(tmp_path / "x"))
    assert done.exit_code == 5 and "VM vm1, which runs" in done.output and "--snapshot" in done.output
