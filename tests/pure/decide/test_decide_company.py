"""What tags make of a choice: apart from those it must not meet, with its companions where it can be."""

from __future__ import annotations

from typing import Any

import pytest
from decide_builders import a_cluster, a_node, a_vm, essence, three_nodes, uuid_of
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.migration import decide_target, rank_targets
from pvc_core.decide.node_plan import Rules
from pvc_core.decide.placement import Choice, Terms, decide_node, refuse
from pvc_core.decide.ready import plan_ready
from pvc_core.errors import NoPlacement, NotFound
from pvc_core.model.groups import TagRule, bundles, groups, named
from pvc_core.model.operations import MigrateVm
from pvc_core.model.vm import VmSpec, Wanted

BOTH = (TagRule.APART, TagRule.TOGETHER)


def tagged(number: int, node: str, *tags: str, **more: Any) -> VmSpec:
    return a_vm(number, node, tags=[{"name": tag} for tag in tags], **more)


def asked(**fields: Any) -> MigrateVm:
    return MigrateVm.parse({"vm": "vm1", **fields})


def test_a_tag_is_a_rule_by_its_first_word_alone() -> None:
    vm = tagged(1, "hv1", "apart:db", "together:web", "apart", "apartment:3", "prod")
    assert [groups(vm, rule) for rule in BOTH] == [("apart:db",), ("together:web",)]


def test_who_belongs_together_over_several_tags_is_one_bundle() -> None:
    vms = [
        tagged(1, "hv1", "together:a"),
        tagged(2, "hv1", "together:a", "together:b"),
        tagged(3, "hv2", "together:b"),
    ]
    found = bundles({vm.uuid: vm for vm in [*vms, tagged(4, "hv1", "together:alone"), a_vm(5)]})
    assert set(found) == {uuid_of(1), uuid_of(2), uuid_of(3)}
    assert len(set(found.values())) == 1


def test_a_long_list_of_names_is_cut() -> None:
    assert (named(["b", "a"]), named("edcba")) == ("a, b", "a, b, c and 2 more")


def test_no_vm_is_placed_beside_one_it_is_to_be_apart_from() -> None:
    cluster = three_nodes(tagged(2, "hv2", "apart:db"))
    assert decide_node(cluster, tagged(1, "hv1", "apart:db"), Terms({"hv1"})) == Choice(
        "hv3", "the only possible node"
    )


def test_the_refusal_names_the_neighbour_the_tag_and_the_ways_out() -> None:
    found = refuse(three_nodes(tagged(2, "hv2", "apart:db")), tagged(1, "hv1", "apart:db"), "hv2")
    assert found is not None and found.code == "ANTI_AFFINITY"
    assert found.message == "vm2 is there, and apart:db keeps them apart"
    for way in ("Move vm2 away from hv2", "pvc vm tag remove vm1 apart:db", "--despite apart"):
        assert way in found.remedy


@pytest.mark.parametrize(
    "other",
    [
        tagged(2, "hv2", "apart:db", state=Wanted.STOP),
        tagged(2, "hv2", "apart:web"),
        tagged(2, "hv3", "apart:db"),
        tagged(1, "hv2", "apart:db"),
    ],
    ids=["stopped", "another tag", "elsewhere", "itself"],
)
def test_who_is_no_neighbour_keeps_nobody_away(other: VmSpec) -> None:
    assert refuse(three_nodes(other), tagged(1, "hv1", "apart:db"), "hv2") is None


@pytest.mark.parametrize("node", ["hv2", "hv3"])
def test_one_that_is_on_its_way_keeps_others_away_from_both_nodes(node: str) -> None:
    cluster = three_nodes(tagged(2, "hv2", "apart:db", moving_to="hv3"))
    assert refuse(cluster, tagged(1, "hv1", "apart:db"), node) is not None


def test_a_flush_parts_those_that_were_crowded() -> None:
    plan = plan_flush(three_nodes(*(tagged(n, "hv1", "apart:db") for n in (1, 2))), "hv1", Rules())
    assert [step[2] for step in essence(plan.steps)] == ["hv2", "hv3"]


def test_a_flush_leaves_who_has_no_node_for_itself_unless_that_is_set_aside() -> None:
    cluster = three_nodes(*(tagged(n, f"hv{n}", "apart:db") for n in (1, 2, 3)))
    (left,) = plan_flush(cluster, "hv1", Rules()).left
    assert left.code == "ANTI_AFFINITY"
    (move,) = plan_flush(cluster, "hv1", Rules(despite=(TagRule.APART,))).steps
    assert move.reason == "although vm2 is there, and apart:db keeps them apart"


def test_set_aside_the_rule_still_counts_where_there_is_a_choice() -> None:
    cluster = a_cluster(
        [a_node("hv1"), a_node("hv2", memory=9999), a_node("hv3")], [tagged(2, "hv2", "apart:db")]
    )
    choice = decide_node(cluster, tagged(1, "hv1", "apart:db"), Terms({"hv1"}, despite=BOTH))
    assert isinstance(choice, Choice) and choice.node == "hv3"


def test_a_vm_does_not_come_home_to_one_it_is_to_be_apart_from() -> None:
    vms = [tagged(1, "hv2", "apart:db", previous_node="hv1"), tagged(2, "hv1", "apart:db")]
    (left,) = plan_ready(a_cluster([a_node("hv1"), a_node("hv2")], vms), "hv1", Rules()).left
    assert (left.vm, left.code) == ("vm1", "ANTI_AFFINITY")


def test_a_vm_is_placed_where_its_companions_are_although_another_node_is_better() -> None:
    cluster = a_cluster(
        [a_node("hv1"), a_node("hv2"), a_node("hv3", memory=9999)], [tagged(2, "hv2", "together:web")]
    )
    # As at define, where the VM is not in the cluster yet.
    choice = decide_node(cluster, tagged(1, "hv1", "together:web"), Terms({"hv1"}))
    assert choice == Choice("hv2", "it keeps together with vm2")


def test_a_full_node_parts_companions_and_the_reason_says_so() -> None:
    vms = [tagged(1, "hv1", "together:web", memory=512), tagged(2, "hv2", "together:web", memory=600)]
    nodes = [a_node("hv1"), a_node("hv2", memory=1024), a_node("hv3", memory=1024)]
    choice = decide_node(a_cluster(nodes, vms), vms[0], Terms({"hv1"}))
    assert choice == Choice("hv3", "the only possible node; none has room for it with vm2")


def test_a_flush_keeps_the_room_for_companions_from_larger_vms() -> None:
    web = [tagged(n, "hv1", "together:web", memory=500) for n in (1, 2, 3)]
    cluster = a_cluster(
        [a_node("hv1"), a_node("hv2", memory=1600), a_node("hv3", memory=1000)], [*web, a_vm(4, memory=900)]
    )
    steps = plan_flush(cluster, "hv1", Rules()).steps
    assert {target for _, uuid, target in essence(steps) if uuid != uuid_of(4)} == {"hv2"}
    assert steps[0].reason == "it has room for vm1 together with vm2, vm3"


def test_one_of_two_is_not_moved_away_alone_by_accident() -> None:
    vms = [tagged(1, "hv1", "together:web"), tagged(2, "hv1", "together:web")]
    cluster = a_cluster([a_node("hv1"), a_node("hv2"), a_node("hv3")], vms)
    for target in (None, "hv2"):
        with pytest.raises(NoPlacement) as caught:
            decide_target(cluster, vms[0], asked(target=target))
        codes = {refusal["code"] for refusal in caught.value.details["refusals"].values()}
        assert codes == {"KEEP_TOGETHER"}
    assert decide_target(cluster, vms[0], asked(target="hv3", despite=["together"])) == ("hv3", "as asked")


def test_one_may_join_its_companions_and_leave_those_that_are_off() -> None:
    vms = [
        tagged(1, "hv1", "together:web"),
        tagged(2, "hv2", "together:web"),
        tagged(3, "hv1", "together:web"),
    ]
    cluster = a_cluster([a_node("hv1"), a_node("hv2"), a_node("hv3")], vms)
    assert decide_target(cluster, vms[0], asked()) == ("hv2", "it keeps together with vm2")
    assert set(rank_targets(cluster, vms[0], asked()).refusals) == {"hv3"}
    alone = a_cluster(cluster.nodes.values(), [vms[0], vms[1].but(state=Wanted.STOP, node="hv1")])
    assert decide_target(alone, vms[0], asked(target="hv3")) == ("hv3", "as asked")


def test_an_unknown_target_is_not_found_whatever_the_tags_say() -> None:
    with pytest.raises(NotFound):
        decide_target(
            three_nodes(tagged(1, "hv1", "together:web")),
            tagged(1, "hv1", "together:web"),
            asked(target="hv9"),
        )


@given(st.lists(st.tuples(st.sampled_from(["hv1", "hv2", "hv3"]), st.sampled_from(["a", "b"])), max_size=8))
def test_no_plan_puts_two_together_that_are_to_be_apart(places: list[tuple[str, str]]) -> None:
    vms = [tagged(n, node, f"apart:{tag}") for n, (node, tag) in enumerate(places)]
    cluster = three_nodes(*vms)
    after = {vm.uuid: vm.node for vm in vms}
    plan = plan_flush(cluster, "hv1", Rules())
    moved = {uuid: target for _, uuid, target in essence(plan.steps)}
    after |= moved
    for uuid, target in moved.items():
        tag = cluster.vms[uuid].tags
        others = [vm for vm in vms if vm.uuid != uuid and vm.tags == tag and after[vm.uuid] == target]
        assert others == []
    assert {one.code for one in plan.left} <= {"ANTI_AFFINITY"}
