"""What all commands of pvc-lab share: errors as sentences, root, the lab they are about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from pvc_core.errors import PvcError, WrongState
from pvc_lab import network, packages
from pvc_lab.errors import LabDown
from pvc_lab.layout import DEFAULT_DIRECTORY, Layout, check_directory
from pvc_lab.place import NodePlace
from pvc_lab.record import Record, require
from pvc_lab.view import View

EXIT_CODES = {400: 2, 403: 3, 404: 4, 409: 5, 503: 7, 504: 10}


class RootCommand(click.Command):
    """Needs root, except for its --help."""

    def invoke(self, ctx: click.Context) -> Any:
        packages.check_root()
        return super().invoke(ctx)


class Group(click.Group):
    """Prints our errors as a sentence and a remedy."""

    command_class = RootCommand

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PvcError as error:
            click.echo(f"error: {error.message}", err=True)
            if error.remedy:
                click.echo(error.remedy, err=True)
            ctx.exit(EXIT_CODES.get(error.status, 8))


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--dir",
    "root",
    type=click.Path(path_type=Path),
    default=DEFAULT_DIRECTORY,
    show_default=True,
    help="Everything of the lab is in there; every directory is a lab of its own.",
)
@click.pass_context
def main(context: click.Context, root: Path) -> None:
    """A real PVC cluster on one machine: namespaces as nodes, real libvirtd, QEMU, ZooKeeper and Redis."""
    # A shell of `su` has no sbin on its path.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{packages.SYSTEM_PATH}"
    context.obj = check_directory(root)


def running(root: Path) -> tuple[Record, Layout]:
    """The lab, if it is up; raises LabDown."""
    record = require(root)
    if network.bridge_of(root) is None:
        raise LabDown(f"the lab in {root} is down")
    return record, record.layout(root)


def node_that_is_on(layout: Layout, name: str) -> NodePlace:
    """Raises UnknownNode, or WrongState."""
    place = layout.node(name)
    if not View(layout).is_on(place):
        raise WrongState(f"{name} is off", f"Switch it on: pvc-lab power on {name}")
    return place
