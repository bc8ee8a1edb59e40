"""The ZooKeeper ensemble: one member on each of the first three nodes."""

from __future__ import annotations

import socket
from pathlib import Path

from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace

MAIN_CLASS = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
# zookeeper.jar names its own dependencies; slf4j-simple writes the log to stderr.
CLASS_PATH = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
HEAP_MIB = 128
INIT_LIMIT = 5


def prepare(layout: Layout, node: NodePlace) -> None:
    """Write the member's configuration; its data stay as they are."""
    node.zookeeper.mkdir(parents=True, exist_ok=True)
    (node.zookeeper / "myid").write_text(f"{node.index}\n")
    config_file(node).write_text(render(layout, node))


def config_file(node: NodePlace) -> Path:
    return node.zookeeper / "zoo.cfg"


def render(layout: Layout, node: NodePlace) -> str:
    """The member's zoo.cfg."""
    settings = {
        "dataDir": node.zookeeper,
        "clientPort": 2181,
        "clientPortAddress": node.address,
        "tickTime": 1000,
        # A leader that was power-cycled in an instant is waited for so long by the other members.
        "initLimit": INIT_LIMIT,
        "syncLimit": 3,
        "maxSessionTimeout": 60000,
        "maxClientCnxns": 0,
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "*",
        "autopurge.purgeInterval": 1,
    }
    peers = {f"server.{peer.index}": f"{peer.address}:2888:3888" for peer in layout.members}
    ensemble = peers if len(peers) > 1 else {}
    return "".join(f"{name}={value}\n" for name, value in {**settings, **ensemble}.items())


def command_line(node: NodePlace) -> list[str]:
    return [
        "java",
        f"-Xmx{HEAP_MIB}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        # A power cut of the lab kills processes, not the kernel: the page cache keeps what was written.
        "-Dzookeeper.forceSync=no",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
        "-cp",
        CLASS_PATH,
        MAIN_CLASS,
        str(config_file(node)),
    ]


def answers(node: NodePlace, timeout: float = 2) -> bool:
    """Does the member serve clients? It does only while it is in a quorum."""
    try:
        with socket.create_connection((node.address, 2181), timeout) as link:
            link.settimeout(timeout)
            link.sendall(b"srvr")
            return b"Mode:" in _read_all(link)
    except OSError:
        return False


def _read_all(link: socket.socket) -> bytes:
    chunks = iter(lambda: link.recv(4096), b"")
    return b"".join(chunks)
