"""A good share of random runs, others for each commit; `pvc-sim random --runs 10000` makes more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pvc_sim.batch import run_seeds
from pvc_sim.chance import Size, make_scenario
from pvc_sim.golden import draw
from pvc_sim.rehearsal import Rehearsal

RUNS = 1500
SMALL = Size()
LARGE = Size(nodes=6, vms=20)

REPEAT = """
from pvc_sim.chance import Size, make_scenario
from pvc_sim.golden import draw
from pvc_sim.rehearsal import Rehearsal
print(draw(Rehearsal(make_scenario({seed}, Size()), lambda line: None).run()))
"""


def test_random_runs_break_nothing(first_seed: int) -> None:
    assert [found for found in run_seeds(range(first_seed, first_seed + RUNS), SMALL) if found.breach] == []


def test_large_random_runs_break_nothing(first_seed: int) -> None:
    seeds = range(first_seed, first_seed + RUNS // 20)
    assert [found for found in run_seeds(seeds, LARGE) if found.breach] == []


@pytest.fixture
def first_seed() -> int:
    """Another for each commit, the same for whoever tests it: what one run finds, all find."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=7", "HEAD"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return int(found.stdout, 16) if found.returncode == 0 else 0


def test_a_seed_makes_the_same_run_in_another_process() -> None:
    """Also under another order of hashing."""
    for seed in (3, 7):
        here = draw(Rehearsal(make_scenario(seed, SMALL), lambda line: None).run())
        for hashing in ("1", "2"):
            program = [sys.executable, "-c", REPEAT.format(seed=seed)]
            environment = {**os.environ, "PYTHONHASHSEED": hashing}
            there = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
            assert there.stdout == here + "\n"
