"""A guest that changes its memory faster than it may be sent: a decision in time, and no lost tick."""

from __future__ import annotations

from typing import Any

from lab_tool import eventually
from real_cluster import RealCluster

from pvc_lab import guest

SLOW_MIB_S = 8
"""Less than what a busy guest changes in a second under TCG."""

Record = dict[str, Any]


def boot_busy(real: RealCluster, **metadata: Any) -> None:
    xml = guest.domain_xml(real.layout, "busy1", 128, busy=100)
    real.submit("/vm", xml=xml, node="hv1", **metadata)
    real.succeeds(real.submit("/vm/busy1/start"))
    eventually("it ticks", lambda: real.last_tick("busy1"), 60)


def migrate(real: RealCluster, deadline_s: int) -> Record:
    job = real.submit("/vm/busy1/migrate", target="hv2", deadline_s=deadline_s, bandwidth_mib_s=SLOW_MIB_S)
    ended = real.ended(job, deadline_s + 20)
    assert ended["finished"] - ended["started"] < deadline_s + 5, ended["log"]
    return ended


def words(job: Record) -> str:
    return "\n".join(line["text"] for line in job["log"])


def test_it_stays_where_it_is_and_the_task_says_why(real: RealCluster) -> None:
    boot_busy(real)
    ended = migrate(real, 20)
    assert (ended["state"], ended["error"]["code"]) == ("failed", "MIGRATION_TOO_SLOW"), words(ended)
    assert "MiB/s are sent" in ended["error"]["message"] and ended["error"]["remedy"]
    assert (real.domains("hv1"), real.domains("hv2")) == ({"busy1"}, set())
    assert real.vm("busy1")["spec"]["moving_to"] is None
    real.assert_unnoticed(["busy1"])


def test_a_longer_pause_lets_it_through(real: RealCluster) -> None:
    boot_busy(real, max_downtime_ms=8000)
    ended = migrate(real, 60)
    assert ended["state"] == "succeeded", words(ended)
    assert "it may now pause for" in words(ended)
    assert 0 < ended["result"]["downtime_ms"] < 12_000
    assert (real.domains("hv1"), real.domains("hv2")) == (set(), {"busy1"})


def test_post_copy_finishes_it_where_that_is_allowed(real: RealCluster) -> None:
    boot_busy(real, post_copy=True)
    ended = migrate(real, 20)
    assert ended["state"] == "succeeded", words(ended)
    assert "finishing by post-copy" in words(ended)
    assert (real.domains("hv1"), real.domains("hv2")) == (set(), {"busy1"})
    real.assert_unnoticed(["busy1"])


def test_it_is_moved_by_shutting_it_down_where_its_admin_wants_that(real: RealCluster) -> None:
    boot_busy(real, migration_method="shutdown")
    flush = real.succeeds(real.submit("/node/hv1/flush"))
    assert flush["result"]["moved"] == 1
    assert real.domains("hv1") == set()
    (there,) = [node for node in ("hv2", "hv3") if real.domains(node) == {"busy1"}]
    real.succeeds(real.submit("/node/hv1/ready"))
    assert (real.domains("hv1"), real.domains(there)) == ({"busy1"}, set())


def test_one_that_is_never_to_be_moved_is_refused_with_a_remedy(real: RealCluster) -> None:
    boot_busy(real, migration_method="none")
    answer = real.ask("POST", "/vm/busy1/migrate", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "MIGRATION_METHOD")
    assert "vm meta" in answer.json()["remedy"]
