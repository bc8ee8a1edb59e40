"""Dry runs, plans by their id and the rules of tags, at the command line of a whole cluster."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cluster import DoorCluster, domain_xml
from serving import pvc

from pvc_core.errors import Conflict, InvalidRequest, NoPlacement, NotFound
from pvc_core.model.groups import TagRule
from pvc_core.model.operations import AddVmTag, DefineVm, FlushNode, MigrateVm, ReadyNode
from pvc_core.model.operations.node import OnBlocked

DB, WEB = ({"name": "apart:db"},), ({"name": "together:web"},)


def plan_of(cluster: DoorCluster, **fields: Any) -> str:
    found = cluster.service.plan(FlushNode(node="hv1", dry_run=True, **fields)).plan_id
    assert found is not None
    return found


def test_a_dry_run_of_a_migration_shows_the_choice_and_every_refused_node(
    cluster: DoorCluster, address: str
) -> None:
    cluster.run_vm("vm1", "hv1", node_limit=("hv1", "hv3"))
    shown = pvc("vm", "migrate", "vm1", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "hv1 -> hv3" in shown.output and "the only possible node" in shown.output
    assert re.search(r"hv2\s+NODE_LIMIT", shown.output) and "remedy:" in shown.output
    assert "nothing was changed" in shown.output
    assert cluster.service.vm("vm1").spec.node == "hv1" and cluster.service.jobs(operation="vm.migrate") == []


def test_a_dry_run_that_finds_no_node_says_why_for_each(cluster: DoorCluster, address: str) -> None:
    cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    answer = pvc("--format", "json", "vm", "migrate", "vm1", "--dry-run")
    assert answer.exit_code == 6, answer.output
    shown = json.loads(answer.stdout)
    assert (shown["steps"], [vm["code"] for vm in shown["blocked"]]) == ([], ["NODE_LIMIT"])
    assert {node["node"] for node in shown["refused"]} == {"hv2", "hv3"}
    assert all(node["code"] and node["message"] and node["remedy"] for node in shown["refused"])


def test_a_dry_run_does_not_show_what_would_be_refused(cluster: DoorCluster, address: str) -> None:
    cluster.define("off", "hv1")
    for words in (["off"], ["nobody"]):
        assert pvc("vm", "migrate", *words, "--dry-run").exit_code in (4, 5)
    cluster.run_vm("vm1", "hv1")
    assert pvc("vm", "migrate", "vm1", "--target", "hv9", "--dry-run").exit_code == 4


def test_a_flush_does_exactly_what_its_dry_run_showed(cluster: DoorCluster, address: str) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    shown = pvc("node", "flush", "hv1", "--dry-run")
    command = re.search(r"exactly this:\s+pvc (node flush hv1 --plan-id [0-9a-f]{12})", shown.output)
    assert command is not None, shown.output
    where = re.search(r"hv1 -> (hv\d)", shown.output)
    done = pvc(*command[1].split(), "--wait")
    assert done.exit_code == 0, done.output
    assert where is not None and cluster.where(uuid) == [where[1]]


def test_an_overtaken_plan_is_refused_with_the_difference_and_changes_nothing(
    cluster: DoorCluster, address: str
) -> None:
    cluster.run_vm("vm1", "hv1")
    identity = plan_of(cluster)
    cluster.run_vm("vm2", "hv1")
    cluster.run_vm("big", "hv2", 2000)
    refused = pvc("node", "flush", "hv1", "--plan-id", identity)
    assert refused.exit_code == 5, refused.output
    assert "vm1 goes to hv3 now" in refused.output and "vm2 is new" in refused.output
    assert cluster.service.node("hv1").state == "ready"
    assert cluster.service.jobs(operation="node.flush") == []
    with pytest.raises(Conflict) as caught:
        cluster.submit(FlushNode(node="hv1", plan_id=identity))
    assert caught.value.code == "PLAN_OVERTAKEN" and len(caught.value.details["changes"]) == 2


def test_the_same_plan_has_the_same_id_and_other_terms_another(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    ids = [plan_of(cluster), plan_of(cluster), plan_of(cluster, on_blocked=OnBlocked.SHUTDOWN)]
    assert ids[0] == ids[1] != ids[2]
    with pytest.raises(Conflict, match="vm1"):
        cluster.submit(FlushNode(node="hv1", plan_id=ids[2]))


def test_the_return_has_plans_as_well(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(FlushNode(node="hv1"))
    identity = cluster.service.plan(ReadyNode(node="hv1", dry_run=True)).plan_id
    job = cluster.run(ReadyNode(node="hv1", plan_id=identity))
    assert job.state == "succeeded" and cluster.where(uuid) == ["hv1"]


@pytest.mark.parametrize("identity", ["", "latest", "ABCDEF012345", "0123456789abc", "../job"])
def test_what_cannot_be_the_id_of_a_plan_is_invalid(identity: str) -> None:
    with pytest.raises(InvalidRequest):
        FlushNode.parse({"node": "hv1", "plan_id": identity})


def test_a_plan_of_something_else_or_of_nothing_is_refused(cluster: DoorCluster) -> None:
    identity = plan_of(cluster)
    with pytest.raises(NotFound, match="no plan 000000000000"):
        cluster.submit(FlushNode(node="hv1", plan_id="000000000000"))
    for other in (FlushNode(node="hv2", plan_id=identity), ReadyNode(node="hv1", plan_id=identity)):
        with pytest.raises(InvalidRequest, match=r"is of node\.flush hv1"):
            cluster.submit(other)


def test_apart_is_kept_by_migrate_and_start_and_set_aside_only_on_demand(cluster: DoorCluster) -> None:
    one = cluster.run_vm("db1", "hv1", tags=DB)
    cluster.run_vm("db2", "hv2", tags=DB)
    with pytest.raises(NoPlacement, match="db2 is there"):
        cluster.submit(MigrateVm(vm=one, target="hv2"))
    job = cluster.run(MigrateVm(vm=one))
    assert (job.state, cluster.where(one)) == ("succeeded", ["hv3"])
    third = cluster.run_vm("db3", "hv2", tags=DB)
    assert cluster.where(third) == ["hv1"]
    job = cluster.run(MigrateVm(vm=one, target="hv2", force=True, despite=(TagRule.APART,)))
    assert cluster.where(one) == ["hv2"]


def test_the_first_node_of_a_vm_follows_its_limit_and_its_companions(cluster: DoorCluster) -> None:
    cluster.run_vm("web1", "hv2", tags=WEB)
    with_room = cluster.define("web2", None, tags=WEB)  # type: ignore[arg-type]
    assert cluster.service.vm(with_room).spec.node == "hv2"
    limited = cluster.define("web3", None, tags=WEB, node_limit=("hv3",))  # type: ignore[arg-type]
    assert cluster.service.vm(limited).spec.node == "hv3"


@pytest.mark.parametrize("tag", ["apart:", "together:"])
def test_a_rule_without_a_name_is_no_tag(cluster: DoorCluster, tag: str) -> None:
    cluster.define("vm1", "hv1")
    for fields in ({"vm": "vm1", "tag": tag}, {"vm": "vm1", "tag": f"{tag}a "}):
        with pytest.raises(InvalidRequest, match="no colon last"):
            AddVmTag.parse(fields)
    with pytest.raises(InvalidRequest, match="no colon last"):
        DefineVm.parse({"xml": domain_xml("vm2"), "tags": [{"name": tag}]})


@pytest.mark.parametrize("despite", ["apart", ["near"], [""], [True]])
def test_only_rules_that_there_are_can_be_set_aside(despite: object) -> None:
    with pytest.raises(InvalidRequest, match="despite"):
        MigrateVm.parse({"vm": "vm1", "despite": despite})
