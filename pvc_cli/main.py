"""pvc: the command line of a PVC cluster."""

from __future__ import annotations

import click

from pvc_cli.frame import Root
from pvc_cli.session import global_options

NOUNS = {
    "status": ("pvc_cli.commands.status", "The cluster at a glance, faults first."),
    "node": ("pvc_cli.commands.node", "Hypervisors: list, flush, take back into service."),
    "vm": ("pvc_cli.commands.vm", "Virtual machines: define, start, migrate, stop."),
    "task": ("pvc_cli.commands.task", "Tasks: what was asked, how far it is, how it ended."),
    "storage": ("pvc_cli.commands.storage", "Block storage: what is there, and how it is."),
    "cluster": ("pvc_cli.commands.cluster", "The cluster itself."),
    "connection": ("pvc_cli.commands.connection", "The clusters this program knows."),
}


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from pvc_core.version import VERSION

        click.echo(f"pvc {VERSION}")
        ctx.exit()


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        *global_options(hidden=False),
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_show_version,
            help="Show it.",
        ),
    ],
    epilog="Example: pvc node flush hv1 --wait",
)
def main() -> None:
    """Run virtual machines on a cluster of hypervisors.

    A command that acts on a hypervisor returns at once with the id of its task; --wait follows it to
    its end, and the exit code then tells how it ended.
    """


main.nouns = NOUNS
