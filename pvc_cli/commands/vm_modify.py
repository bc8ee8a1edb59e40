"""pvc vm modify"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.complete import complete_vms
from pvc_cli.editor import edit, is_untouched, keep_text, same_text, show_difference
from pvc_cli.exits import Refused
from pvc_cli.frame import Command, Noun
from pvc_cli.generate import confirm, read_file
from pvc_cli.report import say_warnings
from pvc_cli.restarting import check_answerable, offer
from pvc_cli.session import session
from pvc_cli.show import emit
from pvc_core.errors import InvalidRequest, PvcError
from pvc_core.model.operations import ModifyVm

XML = ModifyVm.url or ""
CHANGED = "DEFINITION_CHANGED"


@click.command(
    "modify",
    cls=Command,
    example=("pvc vm modify web1", "pvc vm modify web1 web1.xml --yes --restart"),
)
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
@click.argument("xml", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--version",
    metavar="ETAG",
    help="Save only if it is still this version, as `vm dump --format json` has it.",
)
@click.option("-e", "--editor", is_flag=True, help="Edit what it is now; without FILE that is meant anyway.")
@click.option("-r", "--restart", is_flag=True, help="Restart it afterwards, if it runs.")
@click.option("--reason", metavar="TEXT", help="Why; for the record.")
@click.option("-d", "--confirm-diff", is_flag=True, help="Save the difference without asking.")
@click.option("--confirm-restart", is_flag=True, help="Restart it afterwards, if it runs, without asking.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def modify(
    vm: str, xml: Path | None, version: str | None, editor: bool, reason: str | None, **said: bool
) -> None:
    """Change a VM's libvirt domain XML, in an editor or from a file.

    Without FILE, $EDITOR is opened on the present XML. The difference is shown before anything is saved,
    and it is saved only if the definition is still the one that was opened. A running VM is as defined from
    its next start: at a terminal, a restart is offered.
    """
    if xml and editor:
        raise InvalidRequest("FILE and --editor exclude each other", "Give one of them.")
    restart, sure = said["restart"] or said["confirm_restart"], said["yes"] or said["confirm_restart"]
    check_answerable(restart, sure)
    changed = _change(vm, xml, version, reason, asks=not (said["yes"] or said["confirm_diff"]))
    if restart or changed:
        offer(vm, restart, sure, wait=False)


def _change(vm: str, xml: Path | None, version: str | None, reason: str | None, asks: bool) -> bool:
    """Whether there was anything to save."""
    old, opened = session().client.get_tagged(path_of(XML, vm=vm))
    file = xml or keep_text(vm, old)
    new = read_file(file) if xml else _edited(vm, old, file)
    if same_text(old, new):
        click.echo(f"{vm}: nothing changed", err=True)
        _drop(file, xml)
        return False
    show_difference(old, new, (f"{vm}, as it is", f"{vm}, as it shall be"))
    try:
        if asks:
            confirm(f"vm modify {vm}")
        job = _save(vm, {"xml": new, "version": version or opened}, reason)
    except PvcError as error:
        where = keep_text(vm, new) if str(file) == "-" else file
        raise _kept(error, vm, old, where) from None
    _drop(file, xml)
    emit(session().form, job, lambda: click.echo(job["text"]))
    say_warnings(job["result"])
    return True


def _edited(vm: str, old: str, file: Path) -> str:
    """Should the editor fail, what was written until then is kept; where that is nothing, no file is left."""
    try:
        return edit(file)
    except PvcError as error:
        if is_untouched(file, old):
            file.unlink()
            raise
        raise _kept(error, vm, old, file) from None


def _save(vm: str, fields: dict[str, Any], reason: str | None) -> dict[str, Any]:
    given = {"reason": reason} if reason else {}
    return session().client.submit(ModifyVm.method, path_of(XML, vm=vm), {**fields, **given})


def _kept(error: PvcError, vm: str, old: str, file: Path) -> PvcError:
    """The same error, saying where the user's text is; for a conflict, with what others did meanwhile."""
    before = f"{error.remedy.removesuffix('.')}. " if error.remedy else ""
    error.remedy = f"{before}Your text is in {file}: pvc vm modify {vm} {file}"
    if isinstance(error, Refused) and error.wire_code == CHANGED:
        now, _ = session().client.get_tagged(path_of(XML, vm=vm))
        show_difference(old, now, (f"{vm}, as you opened it", f"{vm}, as it is now"))
    return error


def _drop(file: Path, given: Path | None) -> None:
    if given is None:
        file.unlink(missing_ok=True)


def add_to(commands: Noun) -> None:
    commands.add_command(modify)
