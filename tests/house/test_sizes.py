"""The shape of the code: short functions, files of one noun."""

from __future__ import annotations

from statistics import median, quantiles

from source import file_lengths, functions

LONGEST_FUNCTION = 60
LONGEST_FILE = 260


def test_functions_are_short() -> None:
    lengths = dict(functions())
    deciles = quantiles(lengths.values(), n=100)
    print(
        f"{len(lengths)} functions: median {median(lengths.values())}, p90 {deciles[89]}, p99 {deciles[98]}"
    )
    assert median(lengths.values()) <= 9
    assert deciles[89] < 30
    assert {name: size for name, size in lengths.items() if size > LONGEST_FUNCTION} == {}


def test_files_hold_one_noun() -> None:
    lengths = file_lengths()
    longest = max(lengths, key=lambda name: lengths[name])
    print(f"{len(lengths)} files: median {median(lengths.values())}, longest {longest} ({lengths[longest]})")
    assert median(lengths.values()) <= 110
    assert {name: size for name, size in lengths.items() if size > LONGEST_FILE} == {}
