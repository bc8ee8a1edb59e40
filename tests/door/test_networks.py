"""A VM's networks, and whether its node has them."""

from __future__ import annotations

import json

import click
import pytest
from cluster import ME, MakeCluster, domain_xml
from serving import connected, pvc

from pvc_core.model.operations import DefineVm

ADAPTER = "<interface type='{type}'><source {type}='{name}'/><model type='virtio'/></interface>"


def with_networks(*networks: tuple[str, str]) -> str:
    devices = "".join(ADAPTER.format(type=kind, name=name) for kind, name in networks)
    return domain_xml("web1").replace("</domain>", f"<devices>{devices}</devices></domain>")


@pytest.mark.parametrize(
    ("networks", "exists", "red"),
    [
        ([("bridge", "br0")], [True], False),
        ([("bridge", "br0"), ("bridge", "br9")], [True, False], True),
        ([("network", "default")], [None], False),
        ([("bridge", "vnet3")], [False], True),
    ],
)
def test_the_list_is_red_as_a_whole_when_one_network_is_missing(
    make_cluster: MakeCluster,
    monkeypatch: pytest.MonkeyPatch,
    networks: list[tuple[str, str]],
    exists: list[bool | None],
    red: bool,
) -> None:
    monkeypatch.setattr("socket.if_nameindex", lambda: [(1, "lo"), (2, "br0"), (3, "vnet3")])
    cluster = make_cluster(nodes=1)
    cluster.service.submit(DefineVm(xml=with_networks(*networks), node="hv1"), ME)
    with connected(cluster):
        found = json.loads(pvc("--format", "json", "vm", "network", "get", "web1").stdout)
        shown = pvc("vm", "network", "get", "web1", color=True)
    assert [one["exists"] for one in found] == exists
    rows = shown.stdout.splitlines()[1 : 1 + len(networks)]
    assert [click.unstyle(row) != row for row in rows] == [red] * len(rows), rows
    assert ("does not exist on the node of web1" in shown.stdout) is red
