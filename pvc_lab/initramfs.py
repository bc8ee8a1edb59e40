"""The guests' kernel and initramfs, made once from Debian's cloud kernel and its static busybox."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pvc_lab.errors import PackagesMissing

BOOT = Path("/boot")
MODULES = Path("/lib/modules")
BUSYBOX = Path("/usr/bin/busybox")
APPLETS = (
    *(
        "sh",
        "cat",
        "cut",
        "date",
        "dd",
        "echo",
        "insmod",
        "md5sum",
        "mkfifo",
        "mount",
        "poweroff",
        "printf",
        "rm",
        "touch",
        "tr",
        "usleep",
    ),
)
SCRIPTS = {"init": "guest-init.sh", "disk": "guest-disk.sh", "agent": "guest-agent.sh"}
DIRECTORIES = ("bin", "dev", "proc", "sys", "tmp")
MODULE_PATHS = (
    "kernel/drivers/acpi/button.ko",
    "kernel/drivers/input/evdev.ko",
    "kernel/drivers/virtio/virtio.ko",
    "kernel/drivers/virtio/virtio_ring.ko",
    "kernel/drivers/virtio/virtio_pci_modern_dev.ko",
    "kernel/drivers/virtio/virtio_pci_legacy_dev.ko",
    "kernel/drivers/virtio/virtio_pci.ko",
    "kernel/drivers/block/virtio_blk.ko",
    "kernel/drivers/char/virtio_console.ko",
)


@dataclass(frozen=True)
class Entry:
    """One file of a cpio archive; for a link the content is its target."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def build(directory: Path) -> None:
    """Make vmlinuz and initramfs there, unless they are of the newest kernel already."""
    kernel = newest_kernel()
    stamp = directory / "kernel-version"
    scripts = {name: guest_script(file) for name, file in SCRIPTS.items()}
    wanted = "\n".join((kernel.name, *APPLETS, *MODULE_PATHS, *scripts.values()))
    if stamp.exists() and stamp.read_text() == wanted:
        return
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kernel, directory / "vmlinuz")
    (directory / "initramfs").write_bytes(gzip.compress(archive(entries(kernel, scripts)), 6))
    stamp.write_text(wanted)


def newest_kernel() -> Path:
    kernels = sorted(BOOT.glob("vmlinuz-*-cloud-amd64"), key=lambda path: path.stat().st_mtime)
    if not kernels:
        raise PackagesMissing("there is no cloud kernel in /boot", "apt-get install linux-image-cloud-amd64")
    return kernels[-1]


def guest_script(name: str = "guest-init.sh") -> str:
    return (resources.files("pvc_lab") / "files" / name).read_text()


def entries(kernel: Path, scripts: dict[str, str]) -> list[Entry]:
    """Everything in the initramfs."""
    modules = MODULES / kernel.name.removeprefix("vmlinuz-")
    return [
        *(Entry(name, stat.S_IFDIR | 0o755) for name in DIRECTORIES),
        Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        Entry("bin/busybox", stat.S_IFREG | 0o755, BUSYBOX.read_bytes()),
        *(Entry(f"bin/{name}", stat.S_IFLNK | 0o777, b"busybox") for name in APPLETS),
        *(Entry(Path(path).name, stat.S_IFREG | 0o644, read_module(modules, path)) for path in MODULE_PATHS),
        *(Entry(name, stat.S_IFREG | 0o755, script.encode()) for name, script in scripts.items()),
    ]


def read_module(modules: Path, path: str) -> bytes:
    """A kernel module, packed or not."""
    plain, packed = modules / path, modules / f"{path}.xz"
    if plain.exists():
        return plain.read_bytes()
    if packed.exists():
        return lzma.decompress(packed.read_bytes())
    raise PackagesMissing(f"{plain} is missing", "apt-get install --reinstall linux-image-cloud-amd64")


def archive(files: list[Entry]) -> bytes:
    """A cpio archive in the "newc" format the kernel unpacks."""
    listed = [*files, Entry("TRAILER!!!", 0)]
    return b"".join(_packed(inode, entry) for inode, entry in enumerate(listed, 1))


def _packed(inode: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    major, minor = entry.device
    size = len(entry.content)
    numbers = (inode, entry.mode, 0, 0, 1, 0, size, 0, 0, major, minor, len(name), 0)
    header = b"070701" + b"".join(b"%08x" % number for number in numbers)
    return _padded(header + name) + _padded(entry.content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
