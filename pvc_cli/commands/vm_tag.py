"""pvc vm tag"""

from __future__ import annotations

from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.complete import complete_vms
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_table
from pvc_core.model.operations import AddVmTag, RemoveVmTag

tag = Noun("tag", help="Tags: words by which VMs are found.")

tag.add_command(submits(AddVmTag, "pvc vm tag add web1 shop --protected"))
tag.add_command(submits(RemoveVmTag, "pvc vm tag remove web1 shop"))


@tag.command("get", example="pvc vm tag get web1")
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
def get(vm: str) -> None:
    """A VM's tags."""
    own = session()
    found = own.client.get(path_of("/vm/<vm>/tag", vm=vm))
    columns = [Column("TAG", "name"), Column("PROTECTED", lambda tag: "yes" if tag["protected"] else "no")]
    emit(own.form, found, lambda: show_table(found, columns, f"{vm} has no tags"))


def tell_tags(tags: list[dict[str, Any]]) -> str:
    return ", ".join(f"{tag['name']} (protected)" if tag["protected"] else tag["name"] for tag in tags)


def add_to(commands: Noun) -> None:
    commands.add_command(tag)
