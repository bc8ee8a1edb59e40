"""Names that cannot be, in every address, parameter and body of /storage: each a clear error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from cluster import DoorCluster
from flask.testing import FlaskClient
from storage import fill, running

from pvc_api.app import create_app
from pvc_core.model.operations import OPERATIONS
from pvc_core.model.operations.storage import OfStorage
from pvc_core.model.storage import VolumeDetail
from pvc_drivers.blocks.fake import FakeBlocks

PREFIX = "/api/v1"
CEPH = "/storage/ceph"
ODD = (
    b" ", b"a b", b"-", b".hidden", b"..", b"a@b", b"a/b", b"a%2Fb", b"web\n", b"web\0", b"\0", b"\xff",
    "Grün".encode(), b"x" * 64, b"x" * 5000, b"'; --", b"{}", b"",
)  # fmt: skip
READS = {
    f"{CEPH}/volume/<pool>/<volume>": "GET",
    f"{CEPH}/volume/<pool>/<volume>/download": "GET",
    f"{CEPH}/upload/<task>": "GET PUT POST",
}
QUERIES = (
    f"{CEPH}/volume?pool=ODD",
    f"{CEPH}/snapshot?pool=ODD&volume=web",
    f"{CEPH}/snapshot?pool=vms&volume=ODD",
    f"{CEPH}/volume/vms/web/download?snapshot=ODD",
    f"{CEPH}/volume/vms/web/download?format=ODD",
    f"{CEPH}/upload/20260101t000000-aaaaaaaa?offset=ODD",
)
GOOD = {
    "pool": "vms", "volume": "web", "snapshot": "one", "osd": "0", "flag": "noout", "node": "hv1",
    "task": "20260101t000000-aaaaaaaa",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "storage.volume.rename": {"new": "other"},
    "storage.volume.clone": {"new": "copy", "snapshot": "one", "to_pool": "slow"},
    "storage.snapshot.rename": {"new": "two"},
    "storage.pool.remove": {"force": "vms"},
    "storage.osd.add": {"device": "/dev/sdb", "device_class": "ssd", "force": "/dev/sdb"},
    "storage.osd.replace": {"device": "/dev/sdb", "wipe": "/dev/sdb", "force": "osd.0"},
    "storage.osd.out": {"force": "osd.0"},
    "storage.osd.remove": {"force": "osd.0"},
}
WRITES = [one for one in OPERATIONS if issubclass(one, OfStorage) and one.url]
ROUTES = [
    *((f"{one.method}", str(one.url), one.name) for one in WRITES),
    *((method, url, "") for url, methods in READS.items() for method in methods.split()),
]


class Strict(FakeBlocks):
    """Ceph's bindings know no good answer to some names, or take them for others."""

    def found(self, pool: str, name: str) -> VolumeDetail:
        check(name)
        return super().found(pool, name)

    def pool_of(self, name: str) -> dict[str, VolumeDetail]:
        check(name)
        return super().pool_of(name)


def check(name: str) -> None:
    name.encode()
    assert "\0" not in name and 0 < len(name) <= 1024, f"the storage was asked for {name!r}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoorCluster]:
    with running(Path(tmp_path_factory.mktemp("odd")), fill(Strict()), nodes=1) as found:
        yield found


@pytest.fixture(scope="module")
def client(cluster: DoorCluster) -> FlaskClient:
    made = create_app(cluster.config, cluster.service).test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {cluster.token}"
    return made


def refused(client: FlaskClient, method: str, address: str, body: dict[str, Any] | None = None) -> None:
    answer = client.open(f"{PREFIX}{address}", method=method, json=body)
    said = answer.get_json(silent=True)
    assert 400 <= answer.status_code < 500, (method, address, answer.status_code, said)
    assert said and said["code"] and said["message"], (method, address, said)


def filled(url: str, **odd: bytes) -> str:
    values = {name: value.encode() for name, value in GOOD.items()} | odd
    return re.sub(r"<(\w+)>", lambda found: quote_from_bytes(values[found.group(1)], safe=""), url)


@pytest.mark.parametrize(("method", "url", "name"), ROUTES)
def test_no_odd_name_in_an_address_is_taken(client: FlaskClient, method: str, url: str, name: str) -> None:
    body = {} if method == "GET" else BODIES.get(name, {})
    for part in re.findall(r"<(\w+)>", url):
        for odd in ODD:
            refused(client, method, filled(url, **{part: odd}), None if method == "GET" else body)


@pytest.mark.parametrize("address", QUERIES)
def test_no_odd_value_of_a_parameter_is_taken(client: FlaskClient, address: str) -> None:
    method = "PUT" if "offset" in address else "GET"
    for odd in ODD:
        refused(client, method, address.replace("ODD", quote_from_bytes(odd, safe="")))


@pytest.mark.parametrize("name", BODIES)
def test_no_odd_name_in_a_body_is_taken(client: FlaskClient, name: str) -> None:
    operation = next(one for one in WRITES if one.name == name)
    for field in BODIES[name]:
        for odd in ODD:
            body = {**BODIES[name], field: odd.decode(errors="surrogateescape")}
            refused(client, operation.method, filled(str(operation.url)), body)


def test_an_image_may_be_called_anything_but_end_at_a_zero_byte(client: FlaskClient) -> None:
    """librbd would adopt `web`."""
    for image in ("", "web\0", "web\0x", "x" * 1025):
        refused(client, "POST", f"{CEPH}/volume/vms/new/adopt", {"image": image})
    answer = client.post(f"{PREFIX}{CEPH}/volume/vms/new/adopt", json={"image": "not there\n"})
    assert answer.status_code == 404 and "no volume" in answer.get_json()["message"]


def test_every_route_of_the_storage_is_among_these(cluster: DoorCluster) -> None:
    known = {(method, url) for method, url, _ in ROUTES}
    known |= {("GET", address.partition("?")[0]) for address in QUERIES}
    known |= {("GET", f"{CEPH}/{noun}") for noun in ("status", "util", "osd", "pool")}
    rules = create_app(cluster.config, cluster.service).url_map.iter_rules()
    found = {
        (method, rule.rule.removeprefix(PREFIX))
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(f"{PREFIX}{CEPH}")
    }
    assert found <= known
