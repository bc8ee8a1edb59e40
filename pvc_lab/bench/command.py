"""`pvc-lab bench`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import click

from pvc_lab.bench import api, flush, processes
from pvc_lab.bench.door import Door
from pvc_lab.bench.figure import Figure, as_markdown
from pvc_lab.group import main, running
from pvc_lab.layout import Layout

SUBJECTS: dict[str, Callable[[Layout, Door], Iterator[Figure]]] = {
    "flush": flush.measure,
    "api": api.measure,
    "processes": processes.measure,
}


@main.command()
@click.argument("subjects", nargs=-1, type=click.Choice([*SUBJECTS]))
@click.pass_obj
def bench(root: Path, subjects: tuple[str, ...]) -> None:
    """Measure the product in this lab, beside floors measured in the same run.

    Defines VMs named bench* and many*. Prints a table; exit code 8 if a bound is not kept.
    """
    layout = running(root)[1]
    door = Door(layout)
    figures = [figure for name in subjects or SUBJECTS for figure in SUBJECTS[name](layout, door)]
    click.echo(f"{date.today()}, {platform.machine()}, Python {platform.python_version()}\n")
    click.echo(as_markdown(figures))
    sys.exit(0 if all(figure.good for figure in figures) else 8)
