"""Every folder beside this file, run by the simulator; and workers killed after every step of every job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pvc_sim.given import parse_given
from pvc_sim.golden import differences
from pvc_sim.picture import picture
from pvc_sim.rehearsal import Rehearsal
from pvc_sim.scenario import Event, Scenario

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/events.yaml"))

CLUSTER = {
    "nodes": {"hv1": {}, "hv2": {"memory_mib": 1024}, "hv3": {"memory_mib": 1024}},
    "vms": {
        "vm1": {"node": "hv1", "memory_mib": 512},
        "vm2": {"node": "hv1", "memory_mib": 512},
        "vm3": {"node": "hv2", "memory_mib": 512, "state": "stop"},
        "vm4": {"node": "hv1", "memory_mib": 2048, "metadata": {"autorestart": True}},
    },
}

REQUESTS = {
    "node flush": [(1, "node flush hv1")],
    "node ready": [(1, "node flush hv1"), (30, "node ready hv1")],
    "vm migrate": [(1, "vm migrate vm1")],
    "vm move": [(1, "vm move vm1")],
    "vm unmigrate": [(1, "vm migrate vm1"), (30, "vm unmigrate vm1")],
    "vm start": [(1, "vm start vm3")],
    "vm shutdown": [(1, "vm shutdown vm1 --then-stop")],
    "vm stop": [(1, "vm stop vm1")],
    "vm restart": [(1, "vm restart vm1")],
    "vm disable": [(1, "vm disable vm1 --then-stop")],
    "vm recover": [(1, "guest crash vm1")],
    "vm vcpu set": [(1, "vm vcpu set vm1 1 --maximum 2")],
    "vm memory set": [(1, "vm memory set vm1 256")],
    "vm volume add": [(1, "vm volume add vm1 vms/data")],
    "vm volume remove": [(1, "vm volume add vm1 vms/data"), (30, "vm volume remove vm1 vms/data")],
    "vm network add": [(1, "vm network add vm1 br0")],
    "vm network remove": [(1, "vm network add vm1 br0"), (30, "vm network remove vm1 br0")],
    "vm remove": [(1, "vm remove vm3")],
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_goes_as_its_log_says(folder: Path) -> None:
    assert "\n".join(differences(folder)) == ""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_says_what_it_teaches(folder: Path) -> None:
    sentence = (folder / "README").read_text()
    assert 20 < len(sentence) < 300 and sentence.endswith(".\n")


@pytest.mark.parametrize("kind", REQUESTS)
def test_killed_after_any_step_a_job_ends_as_if_nothing_had_happened(kind: str) -> None:
    expected = _end(Rehearsal(_scenario(kind)))
    ends = list(_ends_after_crashes(kind))
    assert len(ends) >= 2
    for step, end in enumerate(ends, 1):
        assert end == expected, f"killed after step {step} of {kind}"


@pytest.mark.parametrize("kind", ["node flush", "vm migrate"])
def test_killed_twice_a_job_ends_as_if_nothing_had_happened(kind: str) -> None:
    expected = _end(Rehearsal(_scenario(kind)))
    steps = len(list(_ends_after_crashes(kind)))
    for first in range(1, steps):
        for second in range(first + 1, steps + 1):
            crashes = [f"crash after step {step} of {kind}" for step in (first, second)]
            assert _end(Rehearsal(_scenario(kind, *crashes))) == expected, (first, second)


def _ends_after_crashes(kind: str) -> Iterator[object]:
    """For every k while a job of the kind has so many steps."""
    step = 0
    while True:
        step += 1
        rehearsal = Rehearsal(_scenario(kind, f"crash after step {step} of {kind}"))
        end = _end(rehearsal)
        if not rehearsal.cluster.witness.crash_points[0].done:
            return
        yield end


def _scenario(kind: str, *crashes: str) -> Scenario:
    events = [(0, crash) for crash in crashes] + REQUESTS[kind]
    given = parse_given(CLUSTER, "given")
    return Scenario(kind, given, tuple(Event(at=at, do=do) for at, do in events))


def _end(rehearsal: Rehearsal) -> object:
    outcome = rehearsal.run()
    assert outcome.breach is None, outcome.breach
    seen = picture(outcome)
    ends = sorted((task["task"], task["state"]) for task in seen["tasks"])
    return seen["nodes"], seen["vms"], ends, seen["locks"]
