"""Whoever is left is named, and the task's record can be written."""

from __future__ import annotations

import json

import pytest
from decide_builders import JOB, a_cluster, a_node, a_vm

from pvc_core.decide.left_behind import MOST_BYTES, name_left, tell_left, unsettled
from pvc_core.decide.node_plan import Left
from pvc_core.store.port import MAX_VALUE_BYTES

LONGEST_NAME = 63


def left(number: int, code: str = "NOT_ENOUGH_MEMORY") -> Left:
    name = f"vm{number:04}".ljust(LONGEST_NAME, "x")
    return Left(f"{number:036}", name, "hv1", code, "no room on any of six nodes; " * 20, "Add one. " * 10)


@pytest.mark.parametrize("number", [0, 1, 50, 200, 2000])
def test_each_is_named_however_many_there_are(number: int) -> None:
    each = [left(one, f"CODE_{one % 3}") for one in range(number)]
    told = tell_left(each)
    names = {entry["vm"]: entry["code"] for entry in told["left"]}
    names |= {name: code for code, more in told.get("left_more", {}).items() for name in more}
    assert names == {one.vm: one.code for one in each}
    assert len(json.dumps(told)) < MAX_VALUE_BYTES - MOST_BYTES
    assert ("left_more" in told) is (number > 100)
    assert len(name_left(each)) < 1000


def test_a_sentence_names_the_first_and_counts_the_others() -> None:
    each = [Left("", f"vm{number}", "hv1", "CANCELLED", "", "") for number in range(12)]
    assert name_left(each[:2]) == "vm0 (CANCELLED), vm1 (CANCELLED)"
    assert name_left(each).endswith("vm9 (CANCELLED) and 2 more")


def test_one_whose_migration_nobody_saw_end_is_left_with_what_would_help() -> None:
    away = a_vm(1, "hv1", moving_to="hv2", moving_job=JOB)
    cluster = a_cluster([a_node("hv1"), a_node("hv2")], [away, a_vm(2, "hv1"), a_vm(3, "hv2")])
    (found,) = unsettled(cluster, "hv1")
    assert (found.vm, found.code) == ("vm1", "VM_UNSETTLED")
    assert JOB in found.message and "pvc node info hv2" in found.remedy
