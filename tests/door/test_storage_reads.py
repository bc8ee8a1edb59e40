"""Reading the storage, from the command line to the port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cluster import DoorCluster, MakeCluster
from serving import connected, pvc

from pvc_api.app import create_app
from pvc_drivers.blocks.fake import FakeBlocks

GIB = 1 << 30
READS = (
    ("status",),
    ("util",),
    ("osd", "list"),
    ("pool", "list"),
    ("volume", "list"),
    ("volume", "info", "vms", "web"),
)


@pytest.fixture
def blocks(make_cluster: MakeCluster) -> Iterator[FakeBlocks]:
    """Two pools with volumes, behind a cluster's API."""
    fake = FakeBlocks()
    cluster = make_cluster(nodes=1, blocks=fake)
    for pool, name in (("vms", "web"), ("vms", "db"), ("slow", "archive")):
        if not any(known.name == pool for known in fake.pools()):
            fake.add_pool(pool)
        fake.add_volume(pool, name, 10 * GIB)
    fake.add_snapshot("vms", "web", "before")
    with connected(cluster):
        yield fake


def ask(*words: str) -> Any:
    shown = pvc("--format", "json", "storage", "ceph", *words)
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.stdout)


def table(*words: str) -> str:
    shown = pvc("storage", "ceph", *words)
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def test_status_and_util(blocks: FakeBlocks) -> None:
    assert ask("status")["health"] == "ok"
    assert "3: 3 up, 3 in" in table("status")
    assert [pool["name"] for pool in ask("util")["pools"]] == ["slow", "vms"]
    assert "0 B of 12288.0 GiB used" in table("util")


def test_osds_and_pools(blocks: FakeBlocks) -> None:
    assert [osd["node"] for osd in ask("osd", "list")] == ["hv1", "hv2", "hv3"]
    assert "hv2" in table("osd", "list") and "min. 2" in table("pool", "list")


def test_an_osd_without_a_disk_is_shown_as_destroyed(blocks: FakeBlocks) -> None:
    blocks.osd_goes(2, up=False)
    assert "destroyed" not in table("osd", "list")
    blocks.destroy_osd(2)
    assert [osd["destroyed"] for osd in ask("osd", "list")] == [False, False, True]
    assert "destroyed" in table("osd", "list")


def test_volumes_of_all_pools_or_of_one(blocks: FakeBlocks) -> None:
    assert [one["name"] for one in ask("volume", "list")] == ["archive", "db", "web"]
    assert [one["name"] for one in ask("volume", "list", "--pool", "vms")] == ["db", "web"]
    assert "10.0 GiB" in table("volume", "list")


def test_a_pool_that_goes_meanwhile_takes_no_others_volumes_with_it(
    blocks: FakeBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is being made, and gets its name."""
    gone = blocks.pools()[0].but(name="making.3d5f8a2c")
    monkeypatch.setattr(blocks, "pools", lambda: [gone, *FakeBlocks.pools(blocks)])
    assert [volume["name"] for volume in ask("volume", "list")] == ["archive", "db", "web"]
    assert pvc("storage", "ceph", "volume", "list", "--pool", gone.name).exit_code == 4


def test_one_volume_and_who_has_it_open(blocks: FakeBlocks) -> None:
    assert "nobody" in table("volume", "info", "vms", "web")
    blocks.open_volume("vms", "web", "10.0.0.1:0/7")
    assert ask("volume", "info", "vms", "web")["watchers"][0]["address"] == "10.0.0.1:0/7"
    shown = table("volume", "info", "vms", "web")
    assert "10.0.0.1:0/7" in shown and "before" in shown


@pytest.mark.parametrize("words", [("list", "-p", "none"), ("info", "none", "web"), ("info", "vms", "none")])
def test_what_is_not_there_is_named(blocks: FakeBlocks, words: tuple[str, ...]) -> None:
    refused = pvc("storage", "ceph", "volume", *words)
    assert refused.exit_code == 4 and "none" in refused.output


@pytest.mark.parametrize("words", READS)
def test_a_silent_storage_is_a_named_error(blocks: FakeBlocks, words: tuple[str, ...]) -> None:
    blocks.silent = True
    refused = pvc("storage", "ceph", *words)
    assert refused.exit_code == 7 and "has not answered in time" in refused.output


@pytest.mark.parametrize("words", READS)
def test_storage_that_is_off_has_one_answer(cluster: DoorCluster, words: tuple[str, ...]) -> None:
    with connected(cluster):
        refused = pvc("storage", "ceph", *words)
        assert refused.exit_code == 5 and "the subsystem storage is off" in refused.output
        assert pvc("node", "list").exit_code == 0


def test_snapshots_over_the_api(make_cluster: MakeCluster) -> None:
    fake = FakeBlocks()
    cluster = make_cluster(nodes=1, blocks=fake)
    fake.add_pool("vms")
    fake.add_volume("vms", "web", 10 * GIB)
    fake.add_snapshot("vms", "web", "before")
    client = create_app(cluster.config, cluster.service).test_client()
    own = {"headers": {"Authorization": f"Bearer {cluster.token}"}}
    path = "/api/v1/storage/ceph/snapshot"
    found = client.get(f"{path}?pool=vms&volume=web", **own)
    assert [one["name"] for one in found.get_json()] == ["before"]
    assert client.get(f"{path}?pool=vms", **own).status_code == 400
    assert client.get(f"{path}?pool=vms&volume=none", **own).status_code == 404
    assert client.get(f"{path}?pool=vms&volume=web&x=1", **own).status_code == 400
    assert client.get("/api/v1/storage/ceph/status").status_code == 401
