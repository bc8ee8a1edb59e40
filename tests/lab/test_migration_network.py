"""What migrations may use of the network, in QEMU's own words, and which network that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from lab_tool import eventually
from real_cluster import RealCluster

from pvc_lab import libvirtd, product
from pvc_lab.place import NodePlace

NODE_MIB_S = 8
SOURCE, TARGETS = "hv1", ("hv2", "hv3")


def cluster_address(node: NodePlace) -> str:
    """A second one on the node's cable, which stands for a network of its own."""
    return f"10.77.{node.number}.{100 + node.index}"


def configure(node: NodePlace, section: str, **settings: Any) -> None:
    found = yaml.safe_load(node.pvc_file.read_text())
    found[section].update(settings)
    node.pvc_file.write_text(yaml.safe_dump(found, sort_keys=False))


def restart(real: RealCluster, *parts: str) -> None:
    for part in parts:
        real.do("kill", part)
        real.do("start", part)


def listen_everywhere(node: NodePlace) -> None:
    for file in ("libvirtd.conf", "qemu.conf"):
        path = node.etc / "libvirt" / file
        path.write_text(path.read_text().replace(f'"{node.address}"', '"0.0.0.0"'))


def on_record(real: RealCluster) -> set[str]:
    return {node["cluster_address"] for node in real.get("/node")}


@contextmanager
def own_network(real: RealCluster) -> Iterator[None]:
    """Migrations arrive at an address of their own, and those of the source share a bandwidth."""
    places = [real.layout.node(name) for name in TARGETS]
    source = real.layout.node(SOURCE)
    try:
        configure(source, "hypervisor", migration={"node_bandwidth_mib_s": NODE_MIB_S})
        restart(real, f"{SOURCE}/worker")
        for place in places:
            real.do("exec", place.name, "--", *_address("add", place))
            listen_everywhere(place)
            configure(place, "node", cluster_address=cluster_address(place))
            restart(real, f"{place.name}/libvirtd", f"{place.name}/agent")
        wanted = set(map(cluster_address, places))
        eventually("the addresses are on record", lambda: on_record(real) >= wanted, 60)
        yield
    finally:
        for place in (source, *places):
            product.prepare_node(real.layout, place)
            libvirtd.prepare(real.layout, place)
        for place in places:
            restart(real, f"{place.name}/libvirtd", f"{place.name}/agent")
            real("exec", place.name, "--", *_address("del", place))
        restart(real, f"{SOURCE}/worker")
        eventually("nothing of it is left", lambda: on_record(real) == {""}, 60)


def _address(verb: str, place: NodePlace) -> list[str]:
    return ["ip", "address", verb, f"{cluster_address(place)}/24", "dev", "eth0"]


def limit_mib_s(real: RealCluster, vm: str) -> int:
    """What QEMU sends at most; 0 where it tells nothing."""
    ask = ["virsh", "-q", "qemu-monitor-command", vm, "--hmp", "info migrate_parameters"]
    told = real("exec", SOURCE, "--", *ask).stdout.split("max-bandwidth: ")
    return int(told[1].split()[0]) >> 20 if len(told) > 1 else 0


def connections_from(real: RealCluster) -> set[str]:
    """Addresses and ports that the source is connected to."""
    shown = real.do("exec", SOURCE, "--", "ss", "-Htn", "state", "established").splitlines()
    return {line.split()[3] for line in shown}


def test_migrations_share_their_nodes_bandwidth_on_the_cluster_network(real: RealCluster) -> None:
    names = ("vm1", "vm2")
    with own_network(real):
        real.boot(names, busy=20)
        jobs = []
        for name, target in zip(names, TARGETS, strict=True):
            jobs.append(real.submit(f"/vm/{name}/migrate", target=target, deadline_s=120))
            share = NODE_MIB_S // len(jobs)
            for mover in names[: len(jobs)]:
                eventually(f"{mover} has {share} MiB/s", lambda m=mover, s=share: limit_mib_s(real, m) == s)
        for place in map(real.layout.node, TARGETS):
            there = {end for end in connections_from(real) if end.startswith(f"{cluster_address(place)}:")}
            assert len(there) >= 2, "libvirt's words and QEMU's memory"
        real.ask("POST", f"/task/{jobs[0]}/cancel", json={})
        assert real.ended(jobs[0])["state"] == "cancelled"
        eventually("the other has it alone", lambda: limit_mib_s(real, "vm2") == NODE_MIB_S)
        real.ask("POST", f"/task/{jobs[1]}/cancel", json={})
        assert real.ended(jobs[1])["state"] == "cancelled"
        real.assert_unnoticed(names)
