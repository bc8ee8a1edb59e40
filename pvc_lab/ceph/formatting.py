"""The disks of monitors and OSDs, made before anything runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pvc_lab.ceph import conf, keys, place
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.run import run
from pvc_lab.together import together
from pvc_lab.writing import write_if_changed

FORMAT_S = 60


def prepare(layout: Layout) -> None:
    """Write configuration and keys; format what is not formatted."""
    if not layout.ceph:
        return
    write_if_changed(place.conf_file(layout), conf.render_host(layout))
    for node in layout.nodes:
        write_if_changed(place.node_conf_file(node), conf.render_node(layout, node))
    keys.write_all(layout)
    make_monmap(layout)
    together(partial(format_once, layout, node, kind) for node in layout.members for kind in FORMATS)


def make_monmap(layout: Layout) -> None:
    """Who the monitors are."""
    members = [word for node in layout.members for word in ("--addv", node.name, place.mon_address(node))]
    run(
        ["monmaptool", "--create", "--clobber", "--fsid", place.fsid(layout), *members, monmap(layout)],
        FORMAT_S,
    )


def format_once(layout: Layout, node: NodePlace, kind: str) -> None:
    """What an interrupted attempt left is thrown away."""
    directory = place.data(node, place.osd_kind(node) if kind == "osd" else kind)
    done = directory / "formatted"
    if done.exists():
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    FORMATS[kind](layout, node, directory)
    done.touch()


def format_mon(layout: Layout, node: NodePlace, directory: Path) -> None:
    argv: list[str | Path] = ["ceph-mon", "--mkfs", "-c", place.conf_file(layout), "-i", node.name]
    sources: list[str | Path] = [
        "--monmap",
        monmap(layout),
        "--keyring",
        layout.ceph_home / "initial.keyring",
    ]
    run([*argv, "--mon-data", directory, *sources], FORMAT_S)


def format_osd(layout: Layout, node: NodePlace, directory: Path) -> None:
    name = f"osd.{place.osd_id(node)}"
    keys.write_keyring(layout, directory / "keyring", [name])
    argv: list[str | Path] = ["ceph-osd", "--mkfs", "--no-mon-config", "-c", place.conf_file(layout)]
    which = ["-i", str(place.osd_id(node)), "--osd-uuid", place.osd_uuid(layout, node)]
    run([*argv, *which, "--osd-data", directory], FORMAT_S)


def monmap(layout: Layout) -> Path:
    return layout.ceph_home / "monmap"


FORMATS: dict[str, Callable[[Layout, NodePlace, Path], None]] = {"mon": format_mon, "osd": format_osd}
