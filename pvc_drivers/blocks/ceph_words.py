"""Ceph's answers in our words. Pure."""

from __future__ import annotations

from typing import Any

from pvc_core.model.storage import (
    Health,
    HealthCheck,
    Monitor,
    Osd,
    OsdMark,
    Pool,
    PoolUse,
    StorageStatus,
    StorageUtil,
    host_of,
)

HEALTH: dict[str, Health] = {"HEALTH_OK": "ok", "HEALTH_WARN": "warn", "HEALTH_ERR": "error"}


def read_status(said: dict[str, Any]) -> StorageStatus:
    """From `status`."""
    osds, groups = said["osdmap"], said["pgmap"]
    return StorageStatus(
        health=HEALTH[said["health"]["status"]],
        checks=tuple(_check(code, check) for code, check in sorted(said["health"]["checks"].items())),
        monitors=said["monmap"]["num_mons"],
        quorum=tuple(said["quorum_names"]),
        manager=said["mgrmap"]["available"],
        osds=osds["num_osds"],
        osds_up=osds["num_up_osds"],
        osds_in=osds["num_in_osds"],
        placement_groups={state["state_name"]: state["count"] for state in groups["pgs_by_state"]},
        used=groups["bytes_used"],
        total=groups["bytes_total"],
    )


def read_util(said: dict[str, Any]) -> StorageUtil:
    """From `df detail`."""
    stats = said["stats"]
    return StorageUtil(
        total=stats["total_bytes"],
        used=stats["total_used_raw_bytes"],
        available=stats["total_avail_bytes"],
        pools=tuple(sorted((_pool_use(pool) for pool in said["pools"]), key=lambda pool: pool.name)),
    )


def read_osds(said: dict[str, Any]) -> list[Osd]:
    """From `osd df tree`; an OSD that was never placed has no node."""
    hosts = [node for node in said["nodes"] if node["type"] == "host"]
    node_of = {child: host["name"] for host in hosts for child in host["children"]}
    found = [one for one in (*said["nodes"], *said.get("stray", ())) if one["type"] == "osd"]
    return sorted((_osd(one, node_of.get(one["id"], "")) for one in found), key=lambda osd: osd.id)


def read_marks(said: dict[str, Any]) -> list[OsdMark]:
    """From `osd dump`."""
    there = (one for one in said["osds"] if "destroyed" not in one["state"])
    found = [OsdMark(osd=one["osd"], uuid=one["uuid"], cluster=said["fsid"]) for one in there]
    return sorted(found, key=lambda mark: mark.osd)


def read_pools(said: list[dict[str, Any]], rules: list[dict[str, Any]]) -> list[Pool]:
    """From `osd pool ls detail` and `osd crush rule dump`."""
    tiers = {rule["rule_id"]: _tier(rule) for rule in rules}
    return sorted((_pool(one, tiers) for one in said), key=lambda pool: pool.name)


def read_monitors(said: dict[str, Any]) -> list[Monitor]:
    """From `mon dump`; the address is `HOST:PORT/NONCE`, that of IPv6 in brackets."""
    found = (Monitor(name=one["name"], address=host_of(one["addr"])) for one in said["mons"])
    return sorted(found, key=lambda monitor: monitor.name)


def _check(code: str, said: dict[str, Any]) -> HealthCheck:
    return HealthCheck(code=code, health=HEALTH[said["severity"]], message=said["summary"]["message"])


def _pool_use(said: dict[str, Any]) -> PoolUse:
    stats = said["stats"]
    return PoolUse(
        name=said["name"],
        stored=stats["stored"],
        used=stats["bytes_used"],
        available=stats["max_avail"],
        objects=stats["objects"],
        quota=stats["quota_bytes"],
    )


def _osd(said: dict[str, Any], node: str) -> Osd:
    return Osd(
        id=said["id"],
        node=node,
        device_class=said.get("device_class", ""),
        up=said["status"] == "up",
        destroyed=said["status"] == "destroyed",
        within=said["reweight"] > 0,
        weight=round(said["crush_weight"], 4),
        total=said["kb"] * 1024,
        used=said["kb_used"] * 1024,
        placement_groups=said["pgs"],
    )


def _tier(rule: dict[str, Any]) -> str:
    """A rule that takes `default~ssd` places data on that device class alone."""
    taken = (step["item_name"] for step in rule["steps"] if step["op"] == "take")
    return next((name.partition("~")[2] for name in taken), "") or "default"


def _pool(said: dict[str, Any], tiers: dict[int, str]) -> Pool:
    return Pool(
        id=said["pool_id"],
        name=said["pool_name"],
        placement_groups=said["pg_num"],
        autoscale=said["pg_autoscale_mode"],
        copies=said["size"],
        mincopies=said["min_size"],
        uses=tuple(sorted(said["application_metadata"])),
        tier=tiers.get(said["crush_rule"], "default"),
    )
