"""The commands that break things, and mend them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from pvc_lab import network, node, redis, revive, signals
from pvc_lab.group import main, node_that_is_on, running
from pvc_lab.layout import Layout
from pvc_lab.parts import Part, find_part, parts_of
from pvc_lab.record import only_one
from pvc_lab.writing import keep_secret


@main.command()
@click.argument("what", type=click.Choice(["off", "on"]))
@click.argument("name", metavar="NODE")
@click.pass_obj
def power(root: Path, what: str, name: str) -> None:
    """Cut the power of a node: all of it is gone at once. Or give it back."""
    with only_one(root):
        record, layout = running(root)
        place = layout.node(name)
        if what == "off":
            node.cut_power(layout, place)
        else:
            revive.power_on(layout, place, record.product)
    click.echo(f"{name} is {what}.")


@main.command()
@click.argument("what", type=click.Choice(["cut", "heal"]))
@click.argument("name", metavar="NODE")
@click.pass_obj
def net(root: Path, what: str, name: str) -> None:
    """Cut a node from the network, silently. Or connect it again."""
    with only_one(root):
        place = node_that_is_on(running(root)[1], name)
        if what == "cut":
            network.cut(place)
        else:
            network.heal(place)
    click.echo(f"The network of {name} is {'cut' if what == 'cut' else 'whole'}.")


@main.command(name="redis")
@click.argument("what", type=click.Choice(["wipe"]))
@click.pass_obj
def redis_command(root: Path, what: str) -> None:
    """Make Redis forget everything."""
    layout = running(root)[1]
    redis.wipe(layout, keep_secret(layout.secret("redis")))
    click.echo("Redis has forgotten everything.")


@main.command(help=signals.kill_part.__doc__)
@click.argument("part")
@click.pass_obj
def kill(root: Path, part: str) -> None:
    act(root, part, signals.kill_part, "is killed and stays down")


@main.command(help=signals.stop_part.__doc__)
@click.argument("part")
@click.pass_obj
def stop(root: Path, part: str) -> None:
    act(root, part, signals.stop_part, "is stopped")


@main.command(help=signals.continue_part.__doc__)
@click.argument("part")
@click.pass_obj
def cont(root: Path, part: str) -> None:
    act(root, part, signals.continue_part, "goes on")


@main.command(help=signals.start_part.__doc__)
@click.argument("part")
@click.pass_obj
def start(root: Path, part: str) -> None:
    act(root, part, signals.start_part, "is up")


def act(root: Path, name: str, action: Callable[[Layout, Part], None], done: str) -> None:
    """Do it to the part of that name, and say so."""
    with only_one(root):
        record, layout = running(root)
        action(layout, find_part(parts_of(layout, record.product), name))
    click.echo(f"{name} {done}.")
