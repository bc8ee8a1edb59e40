"""The main job, for real: a hypervisor is emptied of its running VMs and none of them notices."""

from __future__ import annotations

from real_cluster import RealCluster

EIGHT = [f"vm{number}" for number in range(1, 9)]


def test_a_node_is_flushed_and_its_vms_come_home(real: RealCluster) -> None:
    real.boot(EIGHT)
    assert real.domains("hv1") == set(EIGHT)

    flushed = real.pvc("node", "flush", "hv1", "--wait", "--reason", "the main job")
    assert flushed.returncode == 0, flushed.stdout + flushed.stderr
    assert "hv1 is flushed: 8 VMs moved" in flushed.stdout

    assert real.domains("hv1") == set()
    assert real.domains("hv2") | real.domains("hv3") == set(EIGHT)
    assert real.node("hv1")["state"] == "flushed"
    assert {real.vm(name)["spec"]["previous_node"] for name in EIGHT} == {"hv1"}
    real.assert_unnoticed(EIGHT)

    back = real.pvc("node", "unflush", "hv1", "--wait")
    assert back.returncode == 0, back.stdout + back.stderr
    assert real.domains("hv1") == set(EIGHT)
    assert {real.vm(name)["spec"]["previous_node"] for name in EIGHT} == {None}
    real.assert_unnoticed(EIGHT)


def test_who_asks_for_a_flush_during_a_flush_waits_in_line(real: RealCluster) -> None:
    names = ["vm1", "vm2", "vm3"]
    real.boot(names)
    first = real.submit("/node/hv1/flush", parallel=1)
    with real.begin("node", "flush", "hv2", "--wait") as second:
        said = second.communicate(timeout=90)[0]
    assert second.returncode == 0, said
    assert first in said and "place 1 in line" in said, said
    assert real.succeeds(first)["finished"]
    assert real.domains("hv3") == set(names)
    real.assert_unnoticed(names)


def test_what_has_nowhere_to_go_is_named_and_runs_on(real: RealCluster) -> None:
    real.boot(["stays", "goes"])
    only_here = real.ask("GET", "/vm/stays/xml").text.replace("stays", "pinned")
    real.submit("/vm", xml=only_here.replace(real.vm("stays")["spec"]["uuid"], ""), node_limit=["hv1"])
    real.succeeds(real.submit("/vm/pinned/start"))

    partial = real.pvc("node", "flush", "hv1", "--wait")
    assert partial.returncode == 6, partial.stdout
    assert "pinned" in partial.stdout and "NODE_LIMIT" in partial.stdout
    assert real.node("hv1")["state"] == "partial"
    assert real.domains("hv1") == {"pinned"}
    real.assert_unnoticed(["stays", "goes"])
