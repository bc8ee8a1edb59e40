"""The lab's network: one bridge on the host, one cable (veth pair) per node."""

from __future__ import annotations

import json
from pathlib import Path

from pvc_core.errors import Conflict
from pvc_lab.errors import TooSlow
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.run import attempt, run

FIRST_BRIDGE = "pvclab"
MAX_LABS = 100


def links() -> list[dict[str, object]]:
    """Every network interface of the host."""
    found: list[dict[str, object]] = json.loads(run(["ip", "-json", "link", "show"]))
    return found


def bridge_of(root: Path) -> int | None:
    """The number of the bridge that belongs to this lab; its alias names the owner."""
    return next((number for number, owner in bridges().items() if owner == str(root)), None)


def bridges() -> dict[int, str]:
    """The owner of every lab bridge of this machine, by number."""
    named = {str(link["ifname"]): str(link.get("ifalias", "")) for link in links()}
    numbers = {name: name.removeprefix(FIRST_BRIDGE) for name in named if name.startswith(FIRST_BRIDGE)}
    return {int(number): named[name] for name, number in numbers.items() if number.isdigit()}


def claim_bridge(root: Path, preferred: int) -> int:
    """Make a bridge for this lab, under the first number that is free; under the machine's lock."""
    taken = {number for number, owner in bridges().items() if owner}
    free: list[int] = [number for number in (preferred, *range(MAX_LABS)) if number not in taken]
    if not free:
        raise Conflict(
            f"{MAX_LABS} labs run on this machine already", "Take one down: pvc-lab --dir DIR down"
        )
    number = free[0]
    if number not in bridges():
        run(["ip", "link", "add", "name", bridge_name(number), "type", "bridge"])
    run(["ip", "link", "set", bridge_name(number), "alias", str(root)])
    return number


def bridge_name(number: int) -> str:
    return f"{FIRST_BRIDGE}{number}"


def raise_bridge(layout: Layout) -> None:
    """Give the bridge its address and switch it on."""
    run(["ip", "address", "replace", f"{layout.address}/24", "dev", layout.bridge])
    run(["ip", "link", "set", layout.bridge, "up"])


def plug(layout: Layout, node: NodePlace, init_pid: int) -> None:
    """Lay the node's cable, from the bridge to eth0 inside."""
    unplug(node)
    peer = ["peer", "name", "eth0", "address", node.mac, "netns", str(init_pid)]
    run(["ip", "link", "add", node.link, "type", "veth", *peer])
    run(["ip", "link", "set", node.link, "alias", str(layout.root), "master", layout.bridge, "up"])
    inside = f"address add {node.address}/24 dev eth0\nlink set eth0 up\n"
    run(["nsenter", "--target", str(init_pid), "--net", "ip", "-batch", "-"], stdin=inside)


def unplug(node: NodePlace) -> None:
    """Take the node's cable away, if there is one."""
    attempt(["ip", "link", "delete", node.link])


def cut(node: NodePlace) -> None:
    """From now on nothing the node sends or is sent arrives; nobody is told."""
    run(["ip", "link", "set", node.link, "down"])


def heal(node: NodePlace) -> None:
    run(["ip", "link", "set", node.link, "up"])


def cut_links() -> set[str]:
    """The interfaces of the host that are switched off."""
    return {str(link["ifname"]) for link in links() if "UP" not in _flags(link)}


def remove(root: Path) -> None:
    """Take away the bridge and every cable of the lab."""
    for name in _owned_by(root):
        attempt(["ip", "link", "delete", name])
    if left := _owned_by(root):
        raise TooSlow(f"the interfaces {', '.join(left)} do not go away")


def _owned_by(root: Path) -> list[str]:
    return [str(link["ifname"]) for link in links() if link.get("ifalias") == str(root)]


def _flags(link: dict[str, object]) -> list[str]:
    flags = link.get("flags", [])
    return flags if isinstance(flags, list) else []
