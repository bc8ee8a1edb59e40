"""The program starts fast: what a command does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys
import time

HEAVY = ("pydantic", "requests", "rich", "yaml", "orjson", "importlib.metadata", "pvc_core.model")

ASK = f"""
import sys
from pvc_cli.main import main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0, end.code
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""


def test_help_loads_nothing_heavy_and_is_quick() -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    took = time.monotonic() - started
    assert "loaded: []" in done.stdout
    assert took < 1, "0.06 s is usual; a second is for busy machines"
