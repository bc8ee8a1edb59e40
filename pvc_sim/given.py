"""given.yaml: the cluster a scenario begins with."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pvc_core.config import Config, parse_config
from pvc_core.errors import InvalidRequest
from pvc_core.model.metadata import Metadata, Tagged
from pvc_core.model.names import NodeName, VmName
from pvc_core.model.node import NodeState
from pvc_core.model.operations.base import as_invalid
from pvc_core.model.vm import Wanted

NAMESPACE = uuids.UUID("5b0c6a52-0000-4000-8000-000000000000")

PRETEND: dict[str, Any] = {
    "cluster": "sim",
    "zookeeper": {"hosts": ["pretend:2181"], "password_file": "/nonexistent"},
    "redis": {"host": "pretend", "password_file": "/nonexistent"},
    "hypervisor": {"reserved_memory_mib": 0, "schemas": None},
}


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GivenNode(Section):
    memory_mib: int = Field(default=4096, ge=1)
    vcpus: int = Field(default=8, ge=1)
    coordinator: bool = True
    state: NodeState = NodeState.READY
    load: float = Field(default=0.0, ge=0)
    """Its load average."""


class GivenMetadata(Tagged, Metadata, Section):
    """As `vm define` takes it."""


class GivenVm(Section):
    memory_mib: int = Field(default=512, ge=1)
    vcpus: int = Field(default=1, ge=1)
    node: NodeName
    state: Wanted = Wanted.START
    previous_node: NodeName | None = None
    metadata: GivenMetadata = GivenMetadata()


class Given(Section):
    """`seed` makes small things take irregular time, differently for every seed; without, all is even."""

    nodes: dict[NodeName, GivenNode]
    vms: dict[VmName, GivenVm] = {}
    config: dict[str, Any] = {}
    migration_s: float = Field(default=4.0, gt=0)
    shutdown_s: float = Field(default=2.0, gt=0)
    start_s: float = Field(default=0.0, ge=0)
    seed: str = ""


def parse_given(document: Any, origin: str) -> Given:
    """Raises InvalidRequest naming every fault."""
    try:
        return Given.model_validate(document)
    except ValidationError as error:
        raise as_invalid(origin, error) from None


def uuid_of(vm: str) -> str:
    return str(uuids.uuid5(NAMESPACE, vm))


def xml_of(name: str, vm: GivenVm) -> str:
    """A domain XML that says no more than it must."""
    return (
        f"<domain type='kvm'><name>{name}</name><uuid>{uuid_of(name)}</uuid>"
        f"<memory unit='MiB'>{vm.memory_mib}</memory><vcpu>{vm.vcpus}</vcpu>"
        "<os><type>hvm</type></os></domain>"
    )


def config_of(given: Given, node: str | None = None) -> Config:
    """The scenario's settings over those of the simulator; raises ConfigInvalid."""
    document = _merged(PRETEND, given.config)
    if node is not None:
        coordinator = given.nodes[node].coordinator
        document["node"] = {"name": node, "address": f"{node}.sim", "coordinator": coordinator}
    return parse_config(document, "config")


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def check_given(given: Given) -> None:
    """Raises InvalidRequest for VMs on nodes that are not there."""
    for name, vm in given.vms.items():
        for node in (vm.node, vm.previous_node, *vm.metadata.node_limit):
            if node is not None and node not in given.nodes:
                raise InvalidRequest(f"given.yaml: {name} is on {node}, which is not given")
