"""One libvirtd per node: its own host UUID, open to the cluster network, QEMU as root without confinement."""

from __future__ import annotations

import uuid

from pvc_lab.errors import ProgramFailed, TooSlow
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.run import attempt
from pvc_lab.writing import write_if_changed

COMMAND_LINE = ["libvirtd", "--listen"]
# Debian's libvirt-daemon-system would make these on the host; inside a node they cost nothing.
USER = "libvirt-qemu:x:64055:{gid}:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin\n"
GROUPS = {"kvm": 64054, "libvirt": 64056, "libvirt-qemu": 64055}


def prepare(layout: Layout, node: NodePlace) -> None:
    """Write the node's /etc/libvirt."""
    write_if_changed(node.etc / "libvirt" / "libvirtd.conf", render_daemon(layout, node))
    write_if_changed(node.etc / "libvirt" / "qemu.conf", render_qemu(node))
    for directory in (node.log / "libvirt" / "qemu", node.cache / "libvirt", node.libvirt):
        directory.mkdir(parents=True, exist_ok=True)


def host_uuid(layout: Layout, node: NodePlace) -> str:
    """Distinct for every node: with equal ones a migration would be "to the same host"."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"pvc-lab:{layout.root}:{node.name}"))


def render_daemon(layout: Layout, node: NodePlace) -> str:
    """libvirtd.conf."""
    return "".join(
        f"{line}\n"
        for line in (
            "listen_tls = 0",
            "listen_tcp = 1",
            f'listen_addr = "{node.address}"',
            'auth_tcp = "none"',
            'auth_unix_rw = "none"',
            'unix_sock_group = "root"',
            f'host_uuid = "{host_uuid(layout, node)}"',
            'log_outputs = "3:stderr"',
        )
    )


def render_qemu(node: NodePlace) -> str:
    """qemu.conf; kernel and initramfs are shared by all nodes, so their owner must never be changed."""
    return "".join(
        f"{line}\n"
        for line in (
            'user = "root"',
            'group = "root"',
            "dynamic_ownership = 0",
            "remember_owner = 0",
            'security_driver = "none"',
            "namespaces = []",
            "cgroup_controllers = []",
            'stdio_handler = "file"',
            # A migration to a node that fell silent fails after some eight seconds, not after half a minute.
            "keepalive_interval = 2",
            "keepalive_count = 3",
            f'migration_address = "{node.address}"',
            f'migration_host = "{node.address}"',
        )
    )


def passwd_with_libvirt(passwd: str) -> str:
    """/etc/passwd with the user libvirtd insists on."""
    present = any(line.startswith("libvirt-qemu:") for line in passwd.splitlines())
    return passwd if present else passwd + USER.format(gid=GROUPS["libvirt-qemu"])


def group_with_libvirt(group: str) -> str:
    """/etc/group with the groups libvirtd insists on."""
    present = {line.partition(":")[0] for line in group.splitlines()}
    missing = [f"{name}:x:{gid}:\n" for name, gid in GROUPS.items() if name not in present]
    return group + "".join(missing)


def uri(node: NodePlace) -> str:
    return f"qemu+tcp://{node.address}/system"


def answers(node: NodePlace, timeout: float = 5) -> bool:
    """Does libvirtd talk, and has it met its QEMU?"""
    try:
        return attempt(["virsh", "-c", uri(node), "version"], timeout).returncode == 0
    except (TooSlow, ProgramFailed):
        return False
