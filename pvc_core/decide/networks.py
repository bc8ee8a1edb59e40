"""Whether the networks of a VM exist where it belongs."""

from __future__ import annotations

from pvc_core.model.hardware import NetworkDevice
from pvc_core.model.node import NodeReport

OF_THE_NODE = frozenset({"bridge", "direct"})
"""Kinds of network that name an interface of the node."""


def with_existence(
    networks: tuple[NetworkDevice, ...], report: NodeReport | None
) -> tuple[NetworkDevice, ...]:
    """As its node reports; what libvirt manages by itself is not known."""
    if report is None or report.interfaces is None:
        return networks
    there = frozenset(report.interfaces)
    return tuple(
        one.but(exists=one.network in there) if one.type in OF_THE_NODE and one.network else one
        for one in networks
    )
