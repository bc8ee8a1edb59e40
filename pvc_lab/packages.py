"""What the lab needs from Debian, checked before anything is touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pvc_lab.errors import NotRoot, PackagesMissing

PROGRAMS = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "libvirtd": "libvirt-daemon",
    "virsh": "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    "redis-server": "redis-server",
    "java": "default-jre-headless",
    "busybox": "busybox-static",
}
FILES = {
    "/usr/share/java/zookeeper.jar": "zookeeper",
    "/usr/share/java/slf4j-simple.jar": "libslf4j-java",
    "/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so": "libvirt-daemon-driver-qemu",
    "/boot/vmlinuz-*-cloud-amd64": "linux-image-cloud-amd64",
    "/lib/modules/*-cloud-amd64/kernel/drivers/acpi/button.ko*": "linux-image-cloud-amd64",
}
CEPH_PROGRAMS = {
    "ceph-mon": "ceph-mon",
    "ceph-mgr": "ceph-mgr",
    "ceph-osd": "ceph-osd",
    "monmaptool": "ceph-common",
    "rbd": "ceph-common",
}
S3_PROGRAMS = {"radosgw": "radosgw", "radosgw-admin": "radosgw"}
CEPH_FILES = {
    "/usr/lib/*/qemu/block-rbd.so": "qemu-block-extra",
    "/usr/lib/python3/dist-packages/rados.*.so": "python3-rados",
    "/usr/lib/python3/dist-packages/rbd.*.so": "python3-rbd",
}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check_machine(ceph: bool = False, s3: bool = False) -> None:
    """Raises NotRoot or PackagesMissing."""
    check_root()
    missing = missing_packages(ceph, s3)
    if missing:
        names = " ".join(missing)
        raise PackagesMissing(
            f"these Debian packages are missing: {names}",
            f"apt-get install --no-install-recommends {names}",
            packages=missing,
        )


def check_root() -> None:
    if os.geteuid() != 0:
        raise NotRoot("pvc-lab needs root")


def missing_packages(ceph: bool = False, s3: bool = False) -> list[str]:
    """By what they bring, whoever installed it; with what only Ceph or its gateway needs, if asked."""
    wanted = {**PROGRAMS, **(CEPH_PROGRAMS if ceph else {}), **(S3_PROGRAMS if s3 else {})}
    brought = {**FILES, **(CEPH_FILES if ceph else {})}
    programs = {package for name, package in wanted.items() if not shutil.which(name, path=SYSTEM_PATH)}
    files = {package for pattern, package in brought.items() if not any(Path("/").glob(pattern[1:]))}
    return sorted(programs | files)
