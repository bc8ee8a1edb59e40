"""How much of a plan may be under way at once."""

from __future__ import annotations

from random import Random

from decide_builders import a_vm, carried_out, clusters, three_nodes, under_way, uuid_of
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.node_plan import Move, Rules, Start, Stop
from pvc_core.decide.wave import MAX_WAVE, Limits, decide_wave, within_limits
from pvc_core.model.snapshot import Cluster

WIDE = Limits(64, 64, 512)
LIMITS = st.builds(Limits, st.integers(1, 4), st.integers(1, 4), st.integers(1, 6))


def moves(*pairs: tuple[int, str]) -> list[Move]:
    return [Move(uuid_of(number), f"vm{number}", "hv1", target, "") for number, target in pairs]


def names(steps: object) -> list[str]:
    return [step.vm for step in steps]  # type: ignore[attr-defined]


def test_no_more_leave_the_node_than_may() -> None:
    cluster = three_nodes(*(a_vm(number) for number in range(4)))
    wave = decide_wave(moves((0, "hv2"), (1, "hv3"), (2, "hv2")), cluster, Limits(2, 9, 9))
    assert names(wave) == ["vm0", "vm1"]


def test_a_full_target_is_passed_over_for_a_later_step_to_another() -> None:
    cluster = three_nodes(*(a_vm(number) for number in range(4)))
    wave = decide_wave(moves((0, "hv2"), (1, "hv2"), (2, "hv3")), cluster, Limits(9, 1, 9))
    assert names(wave) == ["vm0", "vm2"]


def test_migrations_of_others_use_up_the_limits_too() -> None:
    cluster = three_nodes(a_vm(0), a_vm(1), a_vm(7, "hv3", moving_to="hv2"))
    assert decide_wave(moves((0, "hv2")), cluster, Limits(9, 1, 9)) == ()
    assert decide_wave(moves((0, "hv3")), cluster, Limits(9, 9, 1)) == ()
    assert names(decide_wave(moves((0, "hv3")), cluster, Limits(1, 1, 2))) == ["vm0"]


def test_stopping_and_starting_needs_no_migration_token() -> None:
    steps = [Stop(uuid_of(0), "vm0", "hv1", "", False, True), Start(uuid_of(1), "vm1", "hv1", "")]
    cluster = three_nodes(a_vm(0), a_vm(1), a_vm(7, moving_to="hv2"))
    assert names(decide_wave(steps, cluster, Limits(1, 1, 1))) == ["vm0", "vm1"]


def test_a_wave_fits_into_one_commit_however_many_may_be_stopped() -> None:
    steps = [Stop(uuid_of(number), f"vm{number}", "hv1", "", False, True) for number in range(300)]
    assert names(decide_wave(steps, three_nodes(), WIDE)) == [f"vm{number}" for number in range(MAX_WAVE)]


def test_a_job_is_told_which_limit_it_waits_for() -> None:
    cluster = three_nodes(a_vm(0), a_vm(1, moving_to="hv2"))
    assert within_limits(cluster, "hv1", "hv3", Limits(2, 2, 2)) is None
    assert "leaving hv1" in str(within_limits(cluster, "hv1", "hv3", Limits(1, 2, 2)))
    assert "entering hv2" in str(within_limits(cluster, "hv1", "hv2", Limits(2, 1, 2)))
    assert "in the cluster" in str(within_limits(cluster, "hv1", "hv3", Limits(2, 2, 1)))


@given(clusters(), LIMITS, st.randoms(use_true_random=False))
def test_a_flush_by_waves_stays_within_the_limits_and_ends_with_the_plan_it_began_with(
    cluster: Cluster, limits: Limits, dice: Random
) -> None:
    """Jobs end in any order; between any two ends the rest is planned anew."""
    first = plan_flush(cluster, "hv1", Rules())
    running: list[object] = []
    done: list[str] = []
    for _ in range(100):
        wave = decide_wave(plan_flush(cluster, "hv1", Rules()).steps, cluster, limits)
        for step in wave:
            cluster = under_way(cluster, step)
        running.extend(wave)
        _check(cluster, limits)
        if not running:
            break
        step = running.pop(dice.randrange(len(running)))
        done.append(step.uuid)  # type: ignore[attr-defined]
        cluster = carried_out(cluster, step) if isinstance(step, Move) else cluster
    assert sorted(done) == sorted(step.uuid for step in first.steps)
    assert {item.uuid for item in plan_flush(cluster, "hv1", Rules()).left} == {i.uuid for i in first.left}


def _check(cluster: Cluster, limits: Limits) -> None:
    assert cluster.leaving("hv1") <= limits.parallel_out
    assert all(cluster.arriving(node) <= limits.parallel_in for node in cluster.nodes)
    assert cluster.moving() <= limits.parallel_cluster
