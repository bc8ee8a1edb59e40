"""Ceph's answers, as it gave them, in our words."""

from __future__ import annotations

from typing import Any

from pvc_core.model.storage import OsdMark
from pvc_drivers.blocks.ceph_words import read_marks, read_osds, read_status, read_util


def osd(number: int, **more: Any) -> dict[str, Any]:
    usual = {"type": "osd", "status": "up", "reweight": 1, "crush_weight": 0.00389, "device_class": "hdd"}
    return {"id": number, **usual, "kb": 4096, "kb_used": 1024, "pgs": 17, **more}


def test_an_osd_that_is_down_out_or_was_never_placed() -> None:
    host = {"id": -3, "type": "host", "name": "hv1", "children": [1, 0]}
    said = {"nodes": [host, osd(1, status="down", reweight=0), osd(0)], "stray": [osd(7, crush_weight=0)]}
    found = [(one.id, one.node, one.up, one.within) for one in read_osds(said)]
    assert found == [(0, "hv1", True, True), (1, "hv1", False, False), (7, "", True, True)]
    assert read_osds(said)[0].used == 1 << 20


def test_an_osd_that_was_destroyed_has_its_place_still() -> None:
    host = {"id": -3, "type": "host", "name": "hv1", "children": [1]}
    (found,) = read_osds({"nodes": [host, osd(1, status="destroyed")]})
    assert (found.destroyed, found.up, found.node, found.weight) == (True, False, "hv1", 0.0039)


def test_a_destroyed_osd_has_no_disk_that_is_known() -> None:
    one = {"osd": 1, "uuid": "a", "state": ["exists", "up"]}
    gone = {"osd": 0, "uuid": "00000000-0000-0000-0000-000000000000", "state": ["destroyed", "exists"]}
    assert read_marks({"fsid": "here", "osds": [one, gone]}) == [OsdMark(osd=1, uuid="a", cluster="here")]


def test_complaints_carry_their_code() -> None:
    check = {"severity": "HEALTH_WARN", "summary": {"message": "1 osds down", "count": 1}}
    said = {
        "health": {"status": "HEALTH_WARN", "checks": {"OSD_DOWN": check}},
        "monmap": {"num_mons": 3},
        "quorum_names": ["hv1", "hv3"],
        "mgrmap": {"available": True},
        "osdmap": {"num_osds": 3, "num_up_osds": 2, "num_in_osds": 3},
        "pgmap": {
            "pgs_by_state": [{"state_name": "active+undersized", "count": 17}],
            "bytes_used": 5,
            "bytes_total": 9,
        },
    }
    status = read_status(said)
    assert (status.health, status.quorum, status.osds_up) == ("warn", ("hv1", "hv3"), 2)
    assert [(one.code, one.health, one.message) for one in status.checks] == [
        ("OSD_DOWN", "warn", "1 osds down")
    ]
    assert status.placement_groups == {"active+undersized": 17}


def test_a_quota_is_told_with_what_a_pool_holds() -> None:
    stats = {"stored": 5, "bytes_used": 15, "max_avail": 80, "objects": 2, "quota_bytes": 40}
    total = {"total_bytes": 300, "total_used_raw_bytes": 15, "total_avail_bytes": 285}
    (use,) = read_util({"stats": total, "pools": [{"name": "vms", "stats": stats}]}).pools
    assert (use.stored, use.available, use.quota) == (5, 80, 40)
