"""Metadata and tags: one thing changes and the rest stays, at once, and the job tells before and after."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import DoorCluster, MakeCluster
from engine_checks import await_moving, check_sound

from pvc_core.decide.metadata import TagProtected
from pvc_core.errors import InvalidRequest, NotFound
from pvc_core.model.metadata import MOST_TAGS, Metadata, Tag
from pvc_core.model.operations import (
    AddVmTag,
    FlushNode,
    MetaVm,
    MigrateVm,
    ReadyNode,
    RemoveVmTag,
)
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_tasks.filters import VmFilter

OTHER: dict[str, Any] = {
    "node_limit": ("hv1", "hv2"),
    "node_selector": "vms",
    "autorestart": True,
    "migration_method": "none",
    "max_downtime_ms": 900,
    "post_copy": True,
    "shutdown_timeout_s": 7,
    "on_shutdown_timeout": "stop",
    "console_lines": 50,
    "restart_on_crash": False,
    "description": "the shop",
}
"""For every field a value that is not its default."""


def meta(cluster: DoorCluster, vm: str, **fields: Any) -> VmSpec:
    cluster.submit(MetaVm.parse({"vm": vm, **fields}))
    return cluster.service.vm(vm).spec


def said(vm: VmSpec) -> dict[str, Any]:
    return {name: getattr(vm, name) for name in Metadata.model_fields}


def test_every_field_is_tried_here() -> None:
    assert OTHER.keys() == Metadata.model_fields.keys()


@pytest.mark.parametrize("field", OTHER)
def test_changing_one_leaves_the_others_as_they_are(cluster: DoorCluster, field: str) -> None:
    """The predecessor reset the migration method when anything else was edited."""
    rest = {name: value for name, value in OTHER.items() if name != field}
    vm = cluster.define("vm1", "hv1", **options(rest))
    before = said(cluster.service.vm(vm).spec)
    after = said(meta(cluster, vm, **{field: OTHER[field]}))
    assert after[field] == OTHER[field] != before[field]
    assert {**after, field: None} == {**before, field: None}
    assert said(meta(cluster, vm, reset=[field])) == before


def options(fields: dict[str, Any]) -> dict[str, Any]:
    """As the door parses them."""
    asked = MetaVm.parse({"vm": "any", **fields})
    return {name: getattr(asked, name) for name in fields}


def test_the_finished_job_tells_before_and_after(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    job = cluster.submit(MetaVm.parse({"vm": "vm1", "autorestart": True, "max_downtime_ms": 50}))
    assert job.state == "succeeded" and cluster.ended[-1] == job
    assert job.result["before"] == {"autorestart": False, "max_downtime_ms": None}
    assert job.result["after"] == {"autorestart": True, "max_downtime_ms": 50}
    assert job.fields == {"vm": uuid, "autorestart": True, "max_downtime_ms": 50}
    assert job.text == "vm1: autorestart yes (was no); max downtime ms 50 (was as configured)"
    again = cluster.submit(MetaVm.parse({"vm": "vm1", "autorestart": True}))
    assert (again.text, again.result["after"]) == ("vm1 is so already; nothing was changed", {})


def test_the_configuration_fills_in_what_is_left_out(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(vm={"node_selector": "load", "migration_method": "shutdown"})
    plain = cluster.service.vm(cluster.define("vm1", "hv1")).spec
    assert (plain.node_selector, plain.migration_method) == ("load", "shutdown")
    said_so = meta(cluster, "vm1", migration_method="live", node_selector="mem")
    assert (said_so.node_selector, said_so.migration_method) == ("mem", "live")
    back = meta(cluster, "vm1", reset=["migration_method"])
    assert (back.node_selector, back.migration_method) == ("mem", "shutdown")


def test_what_cannot_be_changes_nothing(cluster: DoorCluster) -> None:
    vm = cluster.define("vm1", "hv1", autorestart=True)
    before, jobs = cluster.service.vm(vm), len(cluster.service.jobs())
    with pytest.raises(NotFound, match="no node hv9"):
        meta(cluster, "vm1", node_limit=["hv1", "hv9"], autorestart=False)
    with pytest.raises(NotFound, match="no VM nobody"):
        meta(cluster, "nobody", autorestart=False)
    assert (cluster.service.vm(vm), len(cluster.service.jobs())) == (before, jobs)


def test_a_limit_that_leaves_out_where_it_runs_is_taken_with_a_warning(cluster: DoorCluster) -> None:
    vm = cluster.run_vm("vm1", "hv1")
    job = cluster.submit(MetaVm.parse({"vm": "vm1", "node_limit": ["hv2"]}))
    assert job.result["warnings"] == [
        "it runs on hv1, outside the node limit (hv2), until it is moved: pvc vm migrate vm1"
    ]
    assert cluster.where(vm) == ["hv1"]
    assert cluster.run(MigrateVm(vm="vm1")).state == "succeeded"
    assert cluster.where(vm) == ["hv2"]
    home = cluster.submit(MetaVm.parse({"vm": "vm1", "node_limit": ["hv2", "hv3"]}))
    assert "its home hv1 is outside" in home.result["warnings"][0]
    check_sound(cluster)


def test_a_migration_under_way_survives_a_change_of_metadata(cluster: DoorCluster) -> None:
    vm = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.4
    move = cluster.submit(MigrateVm(vm=vm, target="hv2"))
    await_moving(cluster)
    assert meta(cluster, vm, description="changed meanwhile").moving_to == "hv2"
    assert cluster.finish(move).state == "succeeded"
    spec = cluster.service.vm(vm).spec
    assert (spec.node, spec.description) == ("hv2", "changed meanwhile")
    check_sound(cluster)


def test_a_plan_made_before_a_limit_changed_is_made_again(cluster: DoorCluster) -> None:
    cluster.define("vm1", "hv1")
    ref = tree.placement_ref()
    before = cluster.service.store.load(ref).version
    meta(cluster, "vm1", description="no plan depends on this")
    assert cluster.service.store.load(ref).version == before
    meta(cluster, "vm1", node_limit=["hv2"])
    assert cluster.service.store.load(ref).version == before + 1


def test_autorestart_set_later_counts_and_the_plan_says_so_beforehand(cluster: DoorCluster) -> None:
    vm = cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    assert cluster.service.plan(FlushNode(node="hv1", dry_run=True)).steps == ()
    meta(cluster, vm, autorestart=True)
    (step,) = cluster.service.plan(FlushNode(node="hv1", dry_run=True)).steps
    assert step["vm"] == "vm1" and "`node ready hv1` starts it again" in step["reason"]
    assert cluster.run(FlushNode(node="hv1")).state == "succeeded"
    assert cluster.where(vm) == []
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"
    assert cluster.where(vm) == ["hv1"]
    check_sound(cluster)


def tags(cluster: DoorCluster, vm: str) -> dict[str, bool]:
    return {tag.name: tag.protected for tag in cluster.service.vm(vm).spec.tags}


def test_tags_come_and_go_and_protected_ones_stay(cluster: DoorCluster) -> None:
    cluster.define("vm1", "hv1")
    cluster.submit(AddVmTag(vm="vm1", tag="shop"))
    job = cluster.submit(AddVmTag(vm="vm1", tag="prod", protected=True))
    assert job.text == "vm1: tags shop, prod (protected) (was shop)"
    assert tags(cluster, "vm1") == {"shop": False, "prod": True}
    with pytest.raises(TagProtected, match="prod of vm1 is protected") as caught:
        cluster.submit(RemoveVmTag(vm="vm1", tag="prod"))
    assert "--force" in caught.value.remedy
    with pytest.raises(NotFound, match="it has shop, prod"):
        cluster.submit(RemoveVmTag(vm="vm1", tag="nosuch"))
    cluster.submit(RemoveVmTag(vm="vm1", tag="shop"))
    assert tags(cluster, "vm1") == {"prod": True}
    cluster.submit(RemoveVmTag(vm="vm1", tag="prod", force=True))
    assert tags(cluster, "vm1") == {}


def test_adding_a_tag_again_protects_it_and_never_lays_it_bare(cluster: DoorCluster) -> None:
    cluster.define("vm1", "hv1")
    for protected, after in ((False, False), (True, True), (False, True)):
        cluster.submit(AddVmTag(vm="vm1", tag="prod", protected=protected))
        assert tags(cluster, "vm1") == {"prod": after}


def test_meta_gives_a_vm_other_tags_and_a_protected_one_stays_so(cluster: DoorCluster) -> None:
    cluster.define("vm1", "hv1", tags=(Tag(name="shop"), Tag(name="prod", protected=True)))
    meta(cluster, "vm1", tags=[{"name": "prod"}, {"name": "front"}])
    assert tags(cluster, "vm1") == {"prod": True, "front": False}
    job = cluster.submit(MetaVm.parse({"vm": "vm1", "tags": [{"name": "prod"}], "autorestart": True}))
    assert job.text == "vm1: autorestart yes (was no); tags prod (protected) (was prod (protected), front)"
    for wrong in ({"tags": [{"name": "front"}]}, {"reset": ["tags"]}):
        with pytest.raises(TagProtected, match="prod of vm1 is protected"):
            meta(cluster, "vm1", **wrong)
    cluster.submit(RemoveVmTag(vm="vm1", tag="prod", force=True))
    meta(cluster, "vm1", tags=[{"name": "a"}, {"name": "b", "protected": False}])
    meta(cluster, "vm1", reset=["tags"])
    assert tags(cluster, "vm1") == {}
    with pytest.raises(InvalidRequest, match="is not known here"):
        meta(cluster, "vm1", tags=[{"name": "a", "colour": "red"}])


def test_there_is_a_most_of_tags(cluster: DoorCluster) -> None:
    cluster.define("vm1", "hv1")
    for number in range(MOST_TAGS):
        cluster.submit(AddVmTag(vm="vm1", tag=f"t{number}"))
    with pytest.raises(InvalidRequest, match="which is the most"):
        cluster.submit(AddVmTag(vm="vm1", tag="one-more"))


def test_vms_are_found_by_name_node_state_and_tag_and_by_their_contrary(cluster: DoorCluster) -> None:
    cluster.run_vm("web1", "hv1")
    cluster.define("web2", "hv2")
    cluster.define("db1", "hv2")
    for vm, tag in (("web1", "shop"), ("web2", "shop-test"), ("db1", "data")):
        cluster.submit(AddVmTag(vm=vm, tag=tag))
    cluster.await_true(lambda: found(cluster, state="running") == ["web1"], "web1 is seen running")
    assert found(cluster, name="web*") == ["web1", "web2"]
    assert found(cluster, node="hv2", name="web*") == ["web2"]
    assert found(cluster, tag="shop") == ["web1"]
    assert found(cluster, tag="shop*", negate=True) == ["db1"]
    assert found(cluster, node="hv2", tag="data", negate=True) == ["web1", "web2"]
    assert found(cluster, state="stop") == ["db1", "web2"]
    with pytest.raises(NotFound):
        found(cluster, node="hv9")


def found(cluster: DoorCluster, **wanted: Any) -> list[str]:
    return [view.spec.name for view in cluster.service.vms(VmFilter(**wanted))]
