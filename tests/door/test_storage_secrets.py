"""Ceph's keys stay where librados reads them: nobody who is asked, and nothing that is kept, tells one."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from cluster import ME, DoorCluster, make_config
from storage import ON

from pvc_api.app import create_app
from pvc_core.model.operations import AddVolume, UploadVolume
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.blocks.opening import make_blocks
from pvc_drivers.blocks.qemu_img import QemuImg

KEY = base64.b64encode(b"\1\0" + bytes(8) + b"\x10\0" + b"a secret, surely").decode()
KEYRINGS = {
    "sound": f"[client.pvc]\n\tkey = {KEY}\n",
    "of nobody": f"key = {KEY}",
    "garbled": f"[client.pvc]\nkey == {KEY}{KEY}\n{KEY}",
}
READS = (
    "/storage/ceph/status", "/storage/ceph/volume/vms/web", "/storage/ceph/volume/vms/web/download",
    "/status", "/node", "/swagger.json",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A machine whose Ceph nobody reaches; librados has read the key by the time it notices."""

    conf: Path
    keyring: Path

    @property
    def section(self) -> dict[str, Any]:
        return {"ceph_conf": str(self.conf), "keyring": str(self.keyring), "timeout_s": 0.2}


@pytest.fixture(params=list(KEYRINGS))
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    found = Place(tmp_path / "etc" / "ceph.conf", tmp_path / "etc" / "keyring")
    found.conf.parent.mkdir()
    found.conf.write_text("[global]\nmon_host = 127.0.0.1:1\n")
    found.keyring.write_text(KEYRINGS[request.param])
    return found


def told(tmp_path: Path, cluster: DoorCluster) -> Iterator[str]:
    """Whatever is kept: files, but for the keyring; all records."""
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "keyring":
            yield path.read_text(errors="replace")
    for node in list(cluster.tree.znodes.nodes.values()):
        yield node.raw.data.decode(errors="replace")


def test_nobody_tells_a_key_and_nothing_keeps_it(
    tmp_path: Path, place: Place, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("rados")
    caplog.set_level(logging.DEBUG)
    config = make_config(tmp_path, subsystems=ON, storage=place.section)
    blocks = cast(FakeBlocks, make_blocks(config, callers=4))
    cluster = DoorCluster(tmp_path, nodes=1, blocks=blocks, subsystems=ON, storage=place.section).start()
    try:
        client = create_app(cluster.config, cluster.service).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {cluster.token}"
        answers = [client.get(f"/api/v1{path}").get_data(as_text=True) for path in READS]
        assert any("Ceph cannot be reached as client.pvc" in answer for answer in answers)
        for asked in (
            AddVolume(pool="vms", volume="new", size="1G"),
            UploadVolume(pool="vms", volume="new", length=9),
        ):
            job = cluster.submit(asked)
            cluster.await_true(lambda: "Ceph" in cluster.service.job(job.id).text, "it waits")  # noqa: B023
            cluster.service.cancel(job.id, ME)
            assert cluster.finish(job).state == "cancelled"
        answers += [client.get("/api/v1/task?limit=200").get_data(as_text=True), repr(config), str(config)]
        kept = list(told(tmp_path, cluster))
    finally:
        cluster.stop()
    said = capfd.readouterr()
    assert len(kept) > 10
    assert [text for text in (*answers, *kept, said.out, said.err, caplog.text) if KEY in text] == []


def test_qemu_img_is_given_the_path_of_the_key_and_not_the_key(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody on a machine can read what a program was started with."""
    program, given = tmp_path / "bin" / "qemu-img", tmp_path / "given"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n(echo "$@"; env) >> {given}\necho qemu-img: no >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    qemu_img = QemuImg(place.conf, "pvc", place.keyring)
    faults = []
    for ask in (
        lambda: qemu_img.inspect("vms", "web", "qcow2"),
        lambda: qemu_img.convert("vms", "web", "qcow2", "new", 1, lambda done, total: None),
    ):
        with pytest.raises(Exception, match="the image: no") as fault:
            ask()
        faults.append(str(fault.value))
    words = given.read_text()
    assert str(place.keyring) in words and KEY not in words + "".join(faults)
