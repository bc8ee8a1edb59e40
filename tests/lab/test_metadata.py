"""What an admin says of a VM is kept: a flush stops it only where that was allowed, and it starts again."""

from __future__ import annotations

from lab_tool import eventually
from real_cluster import RealCluster

from pvc_lab import ticks


def test_autorestart_is_announced_stopped_by_the_flush_and_started_when_its_node_is_ready(
    real: RealCluster,
) -> None:
    real.boot(["bound", "free"])
    patience = ("--shutdown-timeout", "30", "--on-shutdown-timeout", "stop")
    changed = real.pvc("vm", "meta", "bound", "--node-limit", "hv1", "--autorestart", *patience)
    assert changed.returncode == 0 and "autorestart yes (was no)" in changed.stdout, changed.stderr

    plan = real.pvc("node", "flush", "hv1", "--dry-run")
    assert "`node ready hv1` starts it again" in plan.stdout
    assert real.domains("hv1") == {"bound", "free"}

    flushed = real.pvc("node", "flush", "hv1", "--wait")
    assert flushed.returncode == 0, flushed.stdout + flushed.stderr
    assert real.domains("hv1") == set()
    assert "`node ready hv1`" in real.pvc("vm", "info", "bound").stdout

    assert real.pvc("node", "ready", "hv1", "--wait").returncode == 0
    assert real.domains("hv1") == {"bound", "free"}
    assert real.vm("bound")["spec"]["restart_on_ready"] is None
    real.assert_unnoticed(["free"])
    eventually("it has booted again", lambda: len(ticks.read_ticks(real.layout, "bound").boots) == 2, 30)


def test_a_change_of_metadata_reaches_a_vm_that_is_being_migrated(real: RealCluster) -> None:
    real.boot(["vm1"], busy=4)
    with real.slow_network(200):
        move = real.submit("/vm/vm1/migrate", target="hv2")
        changed = real.pvc("vm", "meta", "vm1", "--description", "changed on the way")
        assert changed.returncode == 0, changed.stderr
        real.succeeds(move)
    spec = real.vm("vm1")["spec"]
    assert (spec["node"], spec["description"]) == ("hv2", "changed on the way")
    real.assert_unnoticed(["vm1"])
