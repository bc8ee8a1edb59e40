"""Bringing a lab up, new or half there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pvc_core.errors import WrongState
from pvc_lab import cluster, firewall, initramfs, network, product, redis
from pvc_lab.answers import ask_all
from pvc_lab.ceph import formatting, founding, gateway
from pvc_lab.errors import ProgramFailed, TooSlow, UnsuitableDirectory
from pvc_lab.furnish import furnish
from pvc_lab.layout import CONTENTS, Layout
from pvc_lab.parts import Part, parts_of
from pvc_lab.record import Record, load, machine_lock, save
from pvc_lab.revive import revive_all
from pvc_lab.run import wait_for
from pvc_lab.view import View
from pvc_lab.writing import keep_secret

UP_S = 60
POLL_S = 0.3
DEFAULT_SIZE = 3
# The node's own are mounted here; without libvirt-daemon-system the host may lack the places.
MOUNT_POINTS = (Path("/etc/libvirt"), Path("/var/lib/libvirt"))
Say = Callable[[str], None]


def up(
    root: Path,
    size: int | None,
    with_product: bool,
    ceph: bool,
    s3: bool,
    connection: str | None,
    say: Say,
) -> Record:
    """Bring up what is not up; ends when every part answers."""
    record = settle(root, size, with_product, ceph, s3, connection)
    layout = record.layout(root)
    save(root, record)
    say(f"Lab in {root}: {record.size} node(s) on bridge {layout.bridge}, {layout.address}/24.")
    network.raise_bridge(layout)
    if note := firewall.open_for(layout.bridge):
        say(note)
    prepare(layout, record.product)
    revive_all(layout, record.product)
    if layout.ceph:
        founding.found(layout)
    wait_until_all_answer(layout, record)
    say("Every part answers.")
    if layout.s3:
        gateway.furnish(layout)
    if layout.ceph:
        say(f"Ceph: {founding.await_health(layout) or 'HEALTH_OK'}")
    return record


def settle(
    root: Path, size: int | None, with_product: bool, ceph: bool, s3: bool, connection: str | None
) -> Record:
    """Number, size and names of the lab: what it had before, else what was asked for."""
    known = load(root)
    refuse_strange(root, known)
    if known and size not in (None, known.size):
        raise WrongState(f"the lab has {known.size} nodes already", "Take it down first: pvc-lab down")
    if known and ceph and not known.ceph:
        raise WrongState("the lab was made without Ceph", "Take it down first: pvc-lab down")
    if known and s3 and not known.s3:
        raise WrongState("the lab was made without S3", "Take it down first: pvc-lab down")
    root.mkdir(parents=True, exist_ok=True)
    with machine_lock():
        number = network.bridge_of(root)
        if number is None:
            number = network.claim_bridge(root, known.number if known else 0)
    if known:
        names = connection or known.connection
        return Record(number, known.size, with_product or known.product, names, known.ceph, known.s3)
    return Record(number, size or DEFAULT_SIZE, with_product, connection or f"lab{number or ''}", ceph, s3)


def refuse_strange(root: Path, known: Record | None) -> None:
    """A directory with something else in it is not ours to fill, or to clear later."""
    if root.exists() and not root.is_dir():
        raise UnsuitableDirectory(f"{root} is no directory", "Choose another --dir.")
    strange = sorted(path.name for path in root.glob("*") if path.name not in CONTENTS)
    if strange and not known:
        some = ", ".join(strange[:3])
        raise UnsuitableDirectory(f"{root} holds something else: {some}", "Choose another --dir.")


def prepare(layout: Layout, with_product: bool) -> None:
    """Write every file the parts read."""
    ceph = (Path("/etc/ceph"),) if layout.ceph else ()
    for directory in (layout.log, *MOUNT_POINTS, *ceph):
        directory.mkdir(parents=True, exist_ok=True)
    product.prepare_secrets(layout)
    redis.prepare(layout, keep_secret(layout.secret("redis")))
    if with_product:
        product.prepare_api(layout)
    for node in layout.nodes:
        furnish(layout, node, with_product)
    formatting.prepare(layout)
    initramfs.build(layout.guest)


def wait_until_all_answer(layout: Layout, record: Record) -> None:
    """First the infrastructure and the API, then the agents, whose cluster must be initialised."""
    deadline = time.monotonic() + UP_S
    parts = parts_of(layout, record.product)
    await_answers(layout, record, [part for part in parts if part.kind != "agent"], deadline)
    if record.product:
        cluster.initialise(layout, record.connection)
        await_answers(layout, record, [part for part in parts if part.kind == "agent"], deadline)


def await_answers(layout: Layout, record: Record, parts: list[Part], deadline: float) -> None:
    """Ask those who have not answered again and again; raises TooSlow naming them and a log."""
    silent = list(parts)

    def all_have_answered() -> bool:
        answers = ask_all(layout, record.connection, silent)
        silent[:] = [part for part in silent if not answers[part.name]]
        refuse_dead(layout, silent)
        return not silent

    try:
        wait_for("answers", all_have_answered, deadline - time.monotonic(), poll=POLL_S)
    except TooSlow:
        names = ", ".join(part.name for part in silent)
        raise TooSlow(f"no answer from {names}", f"Read {silent[0].log}; `pvc-lab up` tries again.") from None


def refuse_dead(layout: Layout, parts: list[Part]) -> None:
    """No use waiting for a part that has ended; only a supervisor's children start again by themselves."""
    view = View(layout)
    dead = [part for part in parts if part.child is None and view.state_of(part) == "down"]
    if dead:
        names = ", ".join(part.name for part in dead)
        raise ProgramFailed(f"ended right after the start: {names}", f"Read {dead[0].log}")
