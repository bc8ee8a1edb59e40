"""pvc storage ceph volume upload|download: the operator's own files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from pvc_cli import exits
from pvc_cli.client import path_of
from pvc_cli.display import Display, open_display
from pvc_cli.exits import Refused
from pvc_cli.fetching import fetch
from pvc_cli.follow import POLL_S, follow_to_end
from pvc_cli.frame import Command
from pvc_cli.generate import submits
from pvc_cli.human import size
from pvc_cli.pace import Pace
from pvc_cli.sending import Sending
from pvc_cli.session import session
from pvc_cli.show import emit
from pvc_cli.submit import Request
from pvc_core.errors import InvalidRequest, PvcError, Unreachable, VolumeInUse
from pvc_core.model.image_format import HEAD_BYTES, decide_format
from pvc_core.model.operations import UploadVolume

Record = dict[str, Any]
Shown = Callable[[Record], None]


def _upload(request: Request, wait: bool, timeout: float | None, then: Shown | None) -> None:
    """The task first, then the file; what cannot be is refused before either."""
    file = Path(str(request.fields.pop("length")))
    length = _check_file(file, request.fields.get("image_format"))
    own = session()
    job = own.client.submit("POST", request.path, {**request.fields, "length": length})
    if own.form == "table":
        click.echo(f"{file}, {size(length)}, to {'/'.join(request.parts.values())}: task {job['id']}")
    with _ended_with_us(job["id"]), open_display(own.form) as display:
        if _await_turn(job["id"], display):
            _send(job, file, length, display)
    if wait or timeout is not None:
        follow_to_end(job["id"], timeout)
    emit(own.form, own.client.get(path_of("/task/<task>", task=job["id"])), lambda: _say_sent(job["id"]))


def _check_file(file: Path, form: Any) -> int:
    """Its length; raises InvalidRequest for what is no image."""
    try:
        with file.open("rb") as opened:
            decide_format(opened.read(HEAD_BYTES), form)
            length = opened.seek(0, 2)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "Check the path.") from None
    if not length:
        raise InvalidRequest(f"{file} is empty", "Give a disk image.")
    return length


def _await_turn(job: str, display: Display) -> bool:
    """Whether there is something to send to: another task may be at work on the volume first."""
    seen: str | None = None
    while True:
        record, seen = session().client.await_job(job, POLL_S, seen)
        if record.get("finished"):
            return False
        if record["stage"] not in ("", "preparing"):
            return True
        display.show(record)


def _send(job: Record, file: Path, length: int, display: Display) -> None:
    pace = Pace(display, "sending", length)
    with file.open("rb") as opened:
        try:
            Sending(session().client, job["id"], opened, length, pace.tell).run()
        except Refused as error:
            # Its task has ended, well or not: that says more than this does.
            if error.wire_code != "WRONG_STATE":
                raise
            follow_to_end(job["id"], None)


@contextmanager
def _ended_with_us(job: str) -> Iterator[None]:
    """A task whose file cannot be sent has no use."""
    try:
        yield
    except (KeyboardInterrupt, PvcError) as error:
        with suppress(PvcError):
            session().client.submit("POST", path_of("/task/<task>/cancel", task=job), {})
        if isinstance(error, PvcError):
            raise
        click.echo(f"\nstopped: task {job} is cancelled, nothing is kept of the file", err=True)
        sys.exit(exits.INTERRUPTED)


def _say_sent(job: str) -> None:
    click.echo("all is sent, and safe in the storage")
    click.echo(f"follow it:  pvc{session().flag} task wait {job}")


upload = submits(
    UploadVolume,
    [
        "pvc storage ceph volume upload vms web debian-12.qcow2 --wait",
        "pvc storage ceph volume upload vms data data.img --image-format raw --size 40G --wait",
    ],
    by=_upload,
)


@click.command(
    "download", cls=Command, example="pvc storage ceph volume download vms web web.qcow2 --image-format qcow2"
)
@click.argument("pool", metavar="POOL")
@click.argument("volume", metavar="VOLUME")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--image-format", "form", type=click.Choice(["raw", "qcow2"]), help="[default: raw]")
@click.option("--snapshot", metavar="SNAPSHOT", help="As it was then; needed while the volume is in use.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
def download(
    pool: str, volume: str, file: Path, form: str | None, snapshot: str | None, overwrite: bool
) -> None:
    """Fetch a volume as a file: raw, or qcow2 with only what was ever written."""
    if file.exists() and not (overwrite and file.is_file()):
        raise InvalidRequest(f"{file} is there already", "Choose another name, or give --overwrite.")
    own = session()
    address = path_of("/storage/ceph/volume/<pool>/<volume>/download", pool=pool, volume=volume)
    length, parts = own.client.fetch(address, format=form, snapshot=snapshot)
    with open_display(own.form) as display:
        try:
            checksum = fetch(parts, length, file, Pace(display, "fetching", length).tell)
        except Unreachable as error:
            raise (error if snapshot else _explained(error, pool, volume)) from None
    found = {"file": str(file), "length": length, "sha256": checksum}
    emit(own.form, found, lambda: click.echo(f"{file}: {size(length)}, SHA-256 {checksum}"))


def _explained(error: Unreachable, pool: str, volume: str) -> PvcError:
    """It is also broken off by the API, which has no way to say why in the midst of a file."""
    with suppress(PvcError):
        found = session().client.get(
            path_of("/storage/ceph/volume/<pool>/<volume>", pool=pool, volume=volume)
        )
        if who := ", ".join(one["node"] or one["address"] for one in found["watchers"]):
            return VolumeInUse(
                f"{pool}/{volume} was opened while it was fetched, by a client on {who}: nothing is kept of "
                "the file, which would be of two times",
                "Take a snapshot of it, and fetch that: --snapshot NAME.",
            )
    return Unreachable(
        error.message,
        "Fetch it again. Was a VM started with the volume meanwhile, or did a task change it, the API breaks "
        "off as well: then fetch a snapshot of it (--snapshot NAME).",
    )
