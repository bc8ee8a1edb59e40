"""That the simulator can fail: each of these single lines, taken away, makes a run break an invariant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sabotages import SABOTAGES, Sabotage

HERE = Path(__file__).parent
SEEDS = 1000


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_it_is_noticed(sabotage: Sabotage) -> None:
    program = [sys.executable, str(HERE / "sabotaged.py"), sabotage.name, str(SEEDS)]
    found = subprocess.run(program, capture_output=True, text=True, check=False)
    assert found.returncode == 1, found.stdout + found.stderr
    assert found.stdout.strip(), found.stderr
