"""Paths, addresses and names of a lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from pvc_lab.errors import BadOption, UnknownNode, UnknownPart, UnsuitableDirectory
from pvc_lab.layout import MAX_NODES, Layout, check_directory, check_size
from pvc_lab.parts import find_part, parts_of

LAB = Layout(Path("/var/lib/pvc-lab"), number=0, size=3)


def test_the_first_lab_has_the_documented_addresses() -> None:
    assert (LAB.bridge, LAB.address) == ("pvclab0", "10.77.0.1")
    assert [node.address for node in LAB.nodes] == ["10.77.0.11", "10.77.0.12", "10.77.0.13"]
    assert LAB.swagger_url == "http://10.77.0.1:7370/api/v1/doc"


def test_two_labs_share_no_name_and_no_address() -> None:
    other = Layout(Path("/tmp/lab"), number=1)
    ours = {
        LAB.bridge,
        LAB.address,
        *(node.address for node in LAB.nodes),
        *(node.link for node in LAB.nodes),
    }
    theirs = {other.bridge, other.address, *(n.address for n in other.nodes), *(n.link for n in other.nodes)}
    assert not ours & theirs


def test_interface_names_fit_the_kernel() -> None:
    largest = Layout(Path("/tmp/lab"), number=99, size=MAX_NODES)
    assert all(len(node.link) <= 15 for node in largest.nodes)


def test_every_mac_differs() -> None:
    largest = Layout(Path("/tmp/lab"), number=99, size=MAX_NODES)
    macs = [node.mac for lab in (LAB, largest) for node in lab.nodes]
    assert len(set(macs)) == len(macs)


@pytest.mark.parametrize("size, members", [(1, 1), (2, 2), (3, 3), (5, 3)])
def test_at_most_three_nodes_are_coordinators(size: int, members: int) -> None:
    assert len(Layout(Path("/tmp/lab"), size=size).members) == members


@pytest.mark.parametrize("name", ["hv4", "", "HV1", "../hv1"])
def test_an_unknown_node_is_refused(name: str) -> None:
    with pytest.raises(UnknownNode):
        LAB.node(name)


def test_parts_are_named_as_the_manual_says() -> None:
    names = [part.name for part in parts_of(LAB, with_product=True)]
    assert names[:4] == ["hv1/zookeeper", "hv1/libvirtd", "hv1/agent", "hv1/worker"]
    assert names[-2:] == ["redis", "api"]


def test_without_the_product_there_is_neither_worker_nor_api() -> None:
    kinds = {part.kind for part in parts_of(LAB, with_product=False)}
    assert kinds == {"zookeeper", "libvirtd", "redis"}


def test_a_fourth_node_has_no_zookeeper() -> None:
    names = [part.name for part in parts_of(Layout(Path("/tmp/lab"), size=4), with_product=True)]
    assert "hv4/libvirtd" in names and "hv4/zookeeper" not in names


@pytest.mark.parametrize("name", ["hv1", "hv1/", "hv9/agent", "hv1/redis", "mysql", "hv1/supervisor"])
def test_an_unknown_part_is_refused(name: str) -> None:
    with pytest.raises(UnknownPart):
        find_part(parts_of(LAB, with_product=True), name)


def test_agent_and_worker_are_held_by_files_of_their_node() -> None:
    worker = find_part(parts_of(LAB, with_product=True), "hv2/worker")
    assert worker.pid_file == Path("/var/lib/pvc-lab/nodes/hv2/run/jobs.pid")
    assert worker.hold_file == Path("/var/lib/pvc-lab/nodes/hv2/run/jobs.hold")


@pytest.mark.parametrize(
    "path", ["/run/lab", "/var/log/lab", "/tmp", "/", "/tmp/a b", "/tmp/" + "x" * 90, "/tmp/ü"]
)
def test_a_directory_the_nodes_could_not_use_is_refused(path: str) -> None:
    with pytest.raises(UnsuitableDirectory):
        check_directory(Path(path))


def test_dots_in_a_directory_do_not_make_another_lab() -> None:
    assert check_directory(Path("/tmp/x/../lab/")) == Path("/tmp/lab")


@pytest.mark.parametrize("size", [0, -1, MAX_NODES + 1])
def test_a_size_out_of_bounds_is_refused(size: int) -> None:
    with pytest.raises(BadOption):
        check_size(size)
