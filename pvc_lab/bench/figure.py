"""A measured figure, the bound it must keep, and how both are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`bound` is the most it may be; `detail` says what it was measured against."""

    what: str
    value: float
    bound: float
    unit: str
    detail: str = ""

    @property
    def good(self) -> bool:
        return self.value <= self.bound

    def row(self) -> list[str]:
        verdict = "ok" if self.good else "TOO SLOW" if self.unit != "MiB" else "TOO MUCH"
        return [
            self.what,
            f"{self.value:.3g} {self.unit}",
            f"≤ {self.bound:g} {self.unit}",
            verdict,
            self.detail,
        ]


@dataclass(frozen=True)
class Rate(Figure):
    """The other way round: `bound` is the least it may be."""

    @property
    def good(self) -> bool:
        return self.value >= self.bound

    def row(self) -> list[str]:
        return [cell.replace("≤", "≥") for cell in super().row()]


HEAD = ["what", "measured", "must reach", "", "how"]


def as_markdown(figures: Iterable[Figure]) -> str:
    rows = [HEAD, ["---"] * len(HEAD), *(figure.row() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
