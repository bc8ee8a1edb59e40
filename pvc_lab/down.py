"""Taking a lab down, however it was left."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from pvc_lab import cluster, firewall, network
from pvc_lab.errors import UnsuitableDirectory
from pvc_lab.layout import CONTENTS
from pvc_lab.processes import kill, of_lab
from pvc_lab.record import RECORD, Record, load


def down(root: Path, keep: bool) -> None:
    """Leave nothing running; and nothing in the directory either, unless asked to keep it."""
    known = load_or_none(root)
    if known and known.product and not keep:
        cluster.forget(known.connection)
    kill(of_lab(root))
    number = network.bridge_of(root)
    if number is not None:
        firewall.close_for(network.bridge_name(number))
    network.remove(root)
    if not keep:
        clear(root)


def load_or_none(root: Path) -> Record | None:
    """A broken record must not keep a lab from being taken down."""
    try:
        return load(root)
    except UnsuitableDirectory:
        return None


def clear(root: Path) -> None:
    """Remove what `up` made; a directory that is no lab is left alone."""
    if not (root / RECORD).exists():
        return
    for name in CONTENTS:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):
        root.rmdir()
