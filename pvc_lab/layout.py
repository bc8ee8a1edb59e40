"""Where everything of a lab is: paths and addresses. Pure: nothing here looks at the machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pvc_lab.errors import BadOption, UnknownNode, UnsuitableDirectory
from pvc_lab.place import NodePlace

DEFAULT_DIRECTORY = Path("/var/lib/pvc-lab")
MAX_NODES = 9
# All that `up` makes in the lab's directory, and so all that `down` may take away; the record goes last.
CONTENTS = ("api", "ceph", "export", "guest", "log", "nodes", "redis", "secrets", "lab.json")
# The address of a Unix socket has 107 characters, and each node keeps one in there.
MAX_PATH = 80
API_PORT = 7370
REDIS_PORT = 6379
# A node has its own of these, so a lab below one of them would be hidden from its nodes.
HIDDEN_IN_NODES = ("/run", "/var/run", "/var/log", "/var/cache", "/proc", "/sys")


@dataclass(frozen=True)
class Layout:
    """One lab: its directory, its number on this machine, its nodes."""

    root: Path
    number: int = 0
    size: int = 3
    ceph: bool = False
    s3: bool = False

    @property
    def bridge(self) -> str:
        return f"pvclab{self.number}"

    @property
    def address(self) -> str:
        return f"10.77.{self.number}.1"

    @property
    def api_url(self) -> str:
        return f"http://{self.address}:{API_PORT}"

    @property
    def swagger_url(self) -> str:
        return f"{self.api_url}/api/v1/doc"

    @property
    def nodes(self) -> list[NodePlace]:
        return [self._place(index) for index in range(1, self.size + 1)]

    @property
    def members(self) -> list[NodePlace]:
        """The coordinators: the nodes that also run a ZooKeeper member."""
        return self.nodes[:3]

    @property
    def zookeeper_hosts(self) -> list[str]:
        return [f"{node.address}:2181" for node in self.members]

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def api(self) -> Path:
        return self.root / "api"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def ceph_home(self) -> Path:
        """What of Ceph belongs to no node."""
        return self.root / "ceph"

    @property
    def guest(self) -> Path:
        """Kernel and initramfs of the guests, at the same path on every node."""
        return self.root / "guest"

    @property
    def admin_token(self) -> Path:
        return self.secret("admin")

    def secret(self, name: str) -> Path:
        return self.root / "secrets" / f"{name}.secret"

    def node(self, name: str) -> NodePlace:
        for place in self.nodes:
            if place.name == name:
                return place
        raise UnknownNode(f"the lab has no node {name!r}")

    def _place(self, index: int) -> NodePlace:
        name = f"hv{index}"
        return NodePlace(name, index, self.number, self.root / "nodes" / name)


def check_directory(root: Path) -> Path:
    """The absolute path of a lab's directory, refused where its nodes could not see it."""
    absolute = Path(os.path.normpath(root.absolute()))
    if not re.fullmatch(r"[A-Za-z0-9_./-]+", str(absolute)):
        raise UnsuitableDirectory(f"{absolute} is no good path for a lab", "Use letters, digits, . _ - only.")
    hidden = any(absolute.is_relative_to(place) for place in HIDDEN_IN_NODES)
    if hidden or len(absolute.parts) < 3 or len(str(absolute)) > MAX_PATH:
        raise UnsuitableDirectory(f"a lab cannot live in {absolute}", f"Try {DEFAULT_DIRECTORY} or /tmp/lab.")
    return absolute


def check_size(size: int) -> int:
    if not 1 <= size <= MAX_NODES:
        raise BadOption(f"a lab has 1 to {MAX_NODES} nodes, not {size}", "Three is what the tests use.")
    return size
