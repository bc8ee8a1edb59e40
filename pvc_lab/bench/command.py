"""`pvc-lab bench`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import click

from pvc_lab.bench import api, console, flush, placement, processes, storage, upload
from pvc_lab.bench.door import Door
from pvc_lab.bench.figure import Figure, as_markdown
from pvc_lab.group import main, running
from pvc_lab.layout import Layout

SUBJECTS: dict[str, Callable[[Layout, Door], Iterator[Figure]]] = {
    "flush": flush.measure,
    "api": api.measure,
    "console": console.measure,
    "processes": processes.measure,
}
WITH_CEPH: dict[str, Callable[[Layout, Door], Iterator[Figure]]] = {
    "storage": storage.measure,
    "upload": upload.measure,
}
WITHOUT_LAB: dict[str, Callable[[], Iterator[Figure]]] = {"placement": placement.measure}


@main.command()
@click.argument("subjects", nargs=-1, type=click.Choice([*SUBJECTS, *WITH_CEPH, *WITHOUT_LAB]))
@click.pass_obj
def bench(root: Path, subjects: tuple[str, ...]) -> None:
    """Measure the product in this lab, beside floors measured in the same run.

    Defines VMs named bench*, many* and talk*. Prints a table; exit code 8 if a bound is not kept.
    `placement` needs no lab, `storage` and `upload` one with Ceph; they are left out where there is none.
    """
    chosen = subjects or (*SUBJECTS, *_with_ceph(root), *WITHOUT_LAB)
    figures = _in_lab(root, [name for name in chosen if name not in WITHOUT_LAB])
    figures += [figure for name in chosen if name in WITHOUT_LAB for figure in WITHOUT_LAB[name]()]
    click.echo(f"{date.today()}, {platform.machine()}, Python {platform.python_version()}\n")
    click.echo(as_markdown(figures))
    sys.exit(0 if all(figure.good for figure in figures) else 8)


def _in_lab(root: Path, subjects: list[str]) -> list[Figure]:
    if not subjects:
        return []
    layout = running(root)[1]
    door = Door(layout)
    every = {**SUBJECTS, **WITH_CEPH}
    return [figure for name in subjects for figure in every[name](layout, door)]


def _with_ceph(root: Path) -> tuple[str, ...]:
    return tuple(WITH_CEPH) if running(root)[1].ceph else ()
