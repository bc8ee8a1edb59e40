"""Run the simulator with one line of the product replaced: `python sabotaged.py NAME SEEDS`.

Prints the first breach, or what differs from a golden log, and exits 1; exits 0 when nobody noticed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path

from sabotages import SABOTAGES, Sabotage

HERE = Path(__file__).parent


def main(name: str, seeds: int) -> int:
    sabotage = next(each for each in SABOTAGES if each.name == name)
    replaced = _replace_on_import(sabotage)
    notice = _notice(sabotage, seeds)
    if not replaced():
        sys.exit(f"{sabotage.module} was never imported")
    sys.stdout.write(f"{notice or 'nobody noticed'}\n")
    return 1 if notice else 0


def _replace_on_import(sabotage: Sabotage) -> Callable[[], bool]:
    """From now on, that module is read with its line replaced; whether it has been."""
    read, done = SourceFileLoader.get_data, []
    end = f"{sabotage.module.replace('.', '/')}.py"

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        if self.name != sabotage.module:
            return read(self, path)
        if not path.endswith(end):
            raise OSError("no cache for what is sabotaged")
        source = read(self, path).decode()
        assert source.count(sabotage.line) == 1, f"{sabotage.line!r} is not in {end} just once"
        done.append(path)
        return source.replace(sabotage.line, sabotage.instead).encode()

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign]
    SourceFileLoader.set_data = lambda *_args, **_options: None  # type: ignore[method-assign, assignment]
    return lambda: bool(done)


def _notice(sabotage: Sabotage, seeds: int) -> str | None:
    from pvc_sim.batch import run_seed
    from pvc_sim.chance import Size
    from pvc_sim.golden import differences

    if sabotage.scenario:
        return "\n".join(differences(HERE / sabotage.scenario)) or None
    for seed in range(seeds):
        breach = run_seed(Size(), seed).breach
        if breach is not None:
            return f"seed {seed}: {breach}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
