"""Whether there is somebody to talk to inside a guest."""

from __future__ import annotations

from pvc_core.xml.document import parse_root

NAME = "org.qemu.guest_agent.0"


def has_agent(live: str) -> bool:
    """By the live XML: its agent is there, and has opened its end of the channel."""
    targets = parse_root(live).findall("devices/channel/target")
    return any(one.get("name") == NAME and one.get("state") == "connected" for one in targets)
