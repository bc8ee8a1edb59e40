"""How the lab reads the machine: processes, firewall, status table."""

from __future__ import annotations

from pvc_lab.firewall import rule, says_drop
from pvc_lab.processes import Process, family, marks_of, parse_status
from pvc_lab.status import table


def process(pid: int, parent: int) -> Process:
    return Process(pid, parent, "S", 0, pid, 0)


def test_marks_are_found_among_the_rest_of_the_environment() -> None:
    environ = b"HOME=/root\0PVC_LAB_PROCESS_OF=/tmp/lab\0PVC_LAB_PROCESS_PART=hv1/libvirtd\0X=\xff=1\0"
    assert marks_of(environ) == {"PVC_LAB_PROCESS_OF": "/tmp/lab", "PVC_LAB_PROCESS_PART": "hv1/libvirtd"}


def test_a_stranger_has_no_marks() -> None:
    assert marks_of(b"PVC_LAB=1\0NOT_PVC_LAB_PROCESS_OF=/tmp/lab\0") == {}
    assert marks_of(b"") == {}


def test_status_is_read_by_name() -> None:
    status = parse_status("Name:\tsleep\nPPid:\t42\nNSpid:\t4711\t3\n")
    assert status["PPid"] == "42"
    assert status["NSpid"].split()[-1] == "3"


def test_a_family_is_a_process_with_all_its_descendants() -> None:
    everybody = [process(2, 1), process(3, 2), process(4, 3), process(5, 1)]
    assert [one.pid for one in family(everybody[0], everybody)] == [2, 3, 4]


def test_a_dropping_forward_chain_is_recognised() -> None:
    assert says_drop("iptables", "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n")
    assert not says_drop("iptables", "-P FORWARD ACCEPT\n-A FORWARD -j DROP\n")
    assert says_drop("nft", "chain FORWARD {\n type filter hook forward priority filter; policy drop;\n}")
    assert not says_drop("nft", "")


def test_the_exception_names_its_bridge_and_its_owner() -> None:
    assert rule("pvclab3") == [
        *("FORWARD", "-i", "pvclab3", "-o", "pvclab3"),
        *("-m", "comment", "--comment", "pvc-lab", "-j", "ACCEPT"),
    ]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table([["part", "state"], ["hv1/agent", "up"]]) == ["part       state", "hv1/agent  up"]
