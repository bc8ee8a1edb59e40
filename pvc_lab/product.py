"""PVC itself in the lab: its configuration files and its programs."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from pvc_lab.ceph import gateway, place
from pvc_lab.layout import API_PORT, REDIS_PORT, Layout
from pvc_lab.place import NodePlace
from pvc_lab.writing import keep_secret, write_if_changed

PROGRAMS = Path(sys.executable).parent
# The parent of agent and worker; it runs whenever its node does.
SUPERVISOR = "supervisor"
LOG_NAMES = {SUPERVISOR: "worker"}
SECRETS = ("zookeeper", "redis", "bootstrap")


def prepare_secrets(layout: Layout) -> None:
    for name in SECRETS:
        keep_secret(layout.secret(name))


def prepare_node(layout: Layout, node: NodePlace) -> None:
    """Write the node's pvc.yaml."""
    write_if_changed(node.pvc_file, yaml.safe_dump(node_settings(layout, node), sort_keys=False))


def prepare_api(layout: Layout) -> None:
    """Write the API's pvc.yaml."""
    write_if_changed(api_file(layout), yaml.safe_dump(api_settings(layout), sort_keys=False))


def api_file(layout: Layout) -> Path:
    return layout.api / "pvc.yaml"


def node_settings(layout: Layout, node: NodePlace) -> dict[str, Any]:
    """The node's settings, with timings short enough to watch faults being handled."""
    return {
        **_shared(layout),
        **_storage(layout, Path("/etc/ceph"), node.name, osd_format="raw"),
        "node": {"name": node.name, "address": node.address, "coordinator": node in layout.members},
        "worker": {"run_directory": str(node.run)},
        "hypervisor": {"keepalive_s": 6, "reserved_memory_mib": 512, "shutdown_timeout_s": 60},
        "logs": {"directory": str(node.log), "level": "info"},
    }


def api_settings(layout: Layout) -> dict[str, Any]:
    """The API's settings; it belongs to no node."""
    return {
        **_shared(layout),
        **_storage(layout, layout.ceph_home, place.API_USER),
        "api": {
            "listen": layout.address,
            "port": API_PORT,
            "bootstrap_token_file": str(layout.secret("bootstrap")),
        },
        "logs": {"directory": str(layout.log), "level": "info"},
    }


def worker_command_line(node: NodePlace) -> list[str]:
    return [str(PROGRAMS / "pvc-worker"), "--config", str(node.pvc_file)]


def api_command_line(layout: Layout) -> list[str]:
    return [str(PROGRAMS / "pvc-api"), "--config", str(api_file(layout))]


def api_answers(layout: Layout, timeout: float = 3) -> bool:
    """Is the API healthy by its own word?"""
    try:
        with urllib.request.urlopen(f"{layout.api_url}/api/v1/health", timeout=timeout) as answer:
            return bool(json.load(answer).get("status") == "ok")
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _storage(layout: Layout, directory: Path, user: str, **more: object) -> dict[str, Any]:
    """A key of its own for everybody; nothing where there is no Ceph."""
    if not layout.ceph:
        return {}
    keyring = place.keyring(directory, user)
    conf = directory / "ceph.conf"
    access = {"ceph_conf": str(conf), "client": user, "keyring": str(keyring)}
    exports: dict[str, Any] = {"export_directory": str(layout.root / "export")}
    if layout.s3:
        exports["s3"] = gateway.settings(layout)
    return {"storage": {**access, **exports, "timeout_s": 4, "upload_patience_s": 15, **more}}


def _shared(layout: Layout) -> dict[str, Any]:
    return {
        "cluster": "lab",
        "subsystems": {"hypervisor": True, "networking": False, "storage": layout.ceph},
        "zookeeper": {
            "hosts": layout.zookeeper_hosts,
            "password_file": str(layout.secret("zookeeper")),
            "session_timeout_s": 6,
        },
        "redis": {
            "host": layout.address,
            "port": REDIS_PORT,
            "password_file": str(layout.secret("redis")),
        },
    }
