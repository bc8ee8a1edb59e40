"""Which module handles which operation; explicit, so that reading it is enough."""

from __future__ import annotations

from typing import Any

from pvc_tasks.handler import AnyHandler, Handler
from pvc_tasks.operations.cluster_init import InitClusterHandler
from pvc_tasks.operations.node_flush import FlushNodeHandler
from pvc_tasks.operations.node_ready import ReadyNodeHandler
from pvc_tasks.operations.vm_adopt import AdoptVmHandler
from pvc_tasks.operations.vm_define import DefineVmHandler
from pvc_tasks.operations.vm_migrate import MigrateVmHandler
from pvc_tasks.operations.vm_shutdown import ShutdownVmHandler
from pvc_tasks.operations.vm_start import StartVmHandler
from pvc_tasks.operations.vm_stop import StopVmHandler
from pvc_tasks.operations.vm_undefine import UndefineVmHandler

HANDLERS: tuple[AnyHandler, ...] = (
    InitClusterHandler(),
    FlushNodeHandler(),
    ReadyNodeHandler(),
    DefineVmHandler(),
    StartVmHandler(),
    ShutdownVmHandler(),
    StopVmHandler(),
    MigrateVmHandler(),
    UndefineVmHandler(),
    AdoptVmHandler(),
)

BY_OPERATION: dict[str, AnyHandler] = {handler.operation.name: handler for handler in HANDLERS}


def handler_of(operation: str) -> AnyHandler:
    return BY_OPERATION[operation]


def job_handler_of(operation: str) -> Handler[Any]:
    """For an operation that runs as a job; immediate ones have no steps."""
    handler = BY_OPERATION[operation]
    assert isinstance(handler, Handler), operation
    return handler
