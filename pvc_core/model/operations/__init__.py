"""What an operator may ask: one class per operation, and the list of them all.

A field is declared once, here, and reaches the API, Swagger, the CLI, the task and docs/operations.md.
"""

from pvc_core.model.operations.base import Operation, Role
from pvc_core.model.operations.cluster import InitCluster
from pvc_core.model.operations.node import FlushNode, ReadyNode
from pvc_core.model.operations.vm import (
    AdoptVm,
    DefineVm,
    MigrateVm,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
)

OPERATIONS: tuple[type[Operation], ...] = (
    InitCluster,
    FlushNode,
    ReadyNode,
    DefineVm,
    StartVm,
    ShutdownVm,
    StopVm,
    MigrateVm,
    UndefineVm,
    AdoptVm,
)

BY_NAME: dict[str, type[Operation]] = {operation.name: operation for operation in OPERATIONS}

__all__ = [
    "BY_NAME",
    "OPERATIONS",
    "AdoptVm",
    "DefineVm",
    "FlushNode",
    "InitCluster",
    "MigrateVm",
    "Operation",
    "ReadyNode",
    "Role",
    "ShutdownVm",
    "StartVm",
    "StopVm",
    "UndefineVm",
]
