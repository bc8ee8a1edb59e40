"""A Docker daemon makes the host drop forwarded traffic, and with it the lab's own, without a word."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from pvc_lab.run import attempt

FILTERS_BRIDGES = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
DROPS = {"iptables": r"^-P FORWARD DROP$", "nft": r"policy drop"}


def open_for(bridge: str) -> str | None:
    """Let the lab's traffic pass; the sentence to print if something was, or must be, done."""
    if not _drops():
        return None
    if shutil.which("iptables"):
        return _accept(bridge)
    return (
        "The host drops forwarded traffic (a Docker daemon does that) and `iptables` is not here to make an"
        f" exception: let traffic from {bridge} to {bridge} pass, or the nodes cannot talk to each other."
    )


def close_for(bridge: str) -> None:
    """Take the exception away again."""
    while shutil.which("iptables") and attempt(["iptables", "-w", "-D", *rule(bridge)]).returncode == 0:
        pass


def rule(bridge: str) -> list[str]:
    comment = ["-m", "comment", "--comment", "pvc-lab"]
    return ["FORWARD", "-i", bridge, "-o", bridge, *comment, "-j", "ACCEPT"]


def says_drop(program: str, listing: str) -> bool:
    """Is that the listing of a FORWARD chain that drops what no rule accepts?"""
    return bool(re.search(DROPS[program], listing, re.MULTILINE))


def _drops() -> bool:
    """Bridged packets pass the firewall only with br_netfilter."""
    if not FILTERS_BRIDGES.exists() or FILTERS_BRIDGES.read_text().strip() == "0":
        return False
    if shutil.which("iptables"):
        return says_drop("iptables", attempt(["iptables", "-w", "-S", "FORWARD"]).stdout)
    if shutil.which("nft"):
        return says_drop("nft", attempt(["nft", "list", "chain", "ip", "filter", "FORWARD"]).stdout)
    return False


def _accept(bridge: str) -> str | None:
    if attempt(["iptables", "-w", "-C", *rule(bridge)]).returncode == 0:
        return None
    made = attempt(["iptables", "-w", "-I", *rule(bridge)])
    if made.returncode:
        reason = made.stderr.strip()
        return f"The host drops forwarded traffic and the exception for {bridge} failed: {reason}"
    return f"The host drops forwarded traffic (a Docker daemon does that); an exception lets {bridge} pass."
