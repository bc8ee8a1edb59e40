"""Which module handles which operation; explicit, so that reading it is enough."""

from __future__ import annotations

from typing import Any

from pvc_tasks.handler import AnyHandler, Handler
from pvc_tasks.operations.cluster_init import InitClusterHandler
from pvc_tasks.operations.node_flush import FlushNodeHandler
from pvc_tasks.operations.node_ready import ReadyNodeHandler
from pvc_tasks.operations.osd_add import AddOsdHandler
from pvc_tasks.operations.osd_flags import SetOsdFlagHandler, UnsetOsdFlagHandler
from pvc_tasks.operations.osd_place import PutOsdInHandler, TakeOsdOutHandler
from pvc_tasks.operations.osd_remove import RemoveOsdHandler
from pvc_tasks.operations.osd_replace import ReplaceOsdHandler
from pvc_tasks.operations.pool_add import AddPoolHandler
from pvc_tasks.operations.pool_remove import RemovePoolHandler
from pvc_tasks.operations.pool_set_pgs import SetPoolGroupsHandler
from pvc_tasks.operations.snapshot_add import AddSnapshotHandler, RenameSnapshotHandler
from pvc_tasks.operations.snapshot_protect import (
    ProtectSnapshotHandler,
    RemoveSnapshotHandler,
    UnprotectSnapshotHandler,
)
from pvc_tasks.operations.snapshot_rollback import RollBackSnapshotHandler
from pvc_tasks.operations.upload_clear import ClearUploadHandler
from pvc_tasks.operations.vm_adopt import AdoptVmHandler
from pvc_tasks.operations.vm_define import DefineVmHandler
from pvc_tasks.operations.vm_disable import DisableVmHandler
from pvc_tasks.operations.vm_flush_locks import FlushVmLocksHandler
from pvc_tasks.operations.vm_import import ImportVmHandler
from pvc_tasks.operations.vm_meta import MetaVmHandler
from pvc_tasks.operations.vm_migrate import MigrateVmHandler
from pvc_tasks.operations.vm_modify import ModifyVmHandler
from pvc_tasks.operations.vm_move import MoveVmHandler, UnmigrateVmHandler
from pvc_tasks.operations.vm_network import AddVmNetworkHandler, RemoveVmNetworkHandler
from pvc_tasks.operations.vm_recover import RecoverVmHandler
from pvc_tasks.operations.vm_remove import RemoveVmHandler
from pvc_tasks.operations.vm_rename import RenameVmHandler
from pvc_tasks.operations.vm_restart import RestartVmHandler
from pvc_tasks.operations.vm_shutdown import ShutdownVmHandler
from pvc_tasks.operations.vm_size import SetVmMemoryHandler, SetVmVcpusHandler
from pvc_tasks.operations.vm_snapshot_add import AddVmSnapshotHandler
from pvc_tasks.operations.vm_snapshot_export import ExportVmSnapshotHandler
from pvc_tasks.operations.vm_snapshot_remove import RemoveVmSnapshotHandler
from pvc_tasks.operations.vm_snapshot_rollback import RollBackVmHandler
from pvc_tasks.operations.vm_start import StartVmHandler
from pvc_tasks.operations.vm_stop import StopVmHandler
from pvc_tasks.operations.vm_tag import AddVmTagHandler, RemoveVmTagHandler
from pvc_tasks.operations.vm_undefine import UndefineVmHandler
from pvc_tasks.operations.vm_volume import AddVmVolumeHandler, RemoveVmVolumeHandler
from pvc_tasks.operations.volume_add import AddVolumeHandler
from pvc_tasks.operations.volume_adopt import AdoptVolumeHandler
from pvc_tasks.operations.volume_clone import CloneVolumeHandler
from pvc_tasks.operations.volume_flatten import FlattenVolumeHandler
from pvc_tasks.operations.volume_remove import RemoveVolumeHandler
from pvc_tasks.operations.volume_rename import RenameVolumeHandler
from pvc_tasks.operations.volume_resize import ResizeVolumeHandler
from pvc_tasks.operations.volume_upload import UploadVolumeHandler

HANDLERS: tuple[AnyHandler, ...] = (
    InitClusterHandler(),
    FlushNodeHandler(),
    ReadyNodeHandler(),
    DefineVmHandler(),
    MetaVmHandler(),
    AddVmTagHandler(),
    RemoveVmTagHandler(),
    ModifyVmHandler(),
    RenameVmHandler(),
    SetVmVcpusHandler(),
    SetVmMemoryHandler(),
    AddVmNetworkHandler(),
    RemoveVmNetworkHandler(),
    AddVmVolumeHandler(),
    RemoveVmVolumeHandler(),
    StartVmHandler(),
    ShutdownVmHandler(),
    StopVmHandler(),
    RestartVmHandler(),
    DisableVmHandler(),
    RecoverVmHandler(),
    MigrateVmHandler(),
    UnmigrateVmHandler(),
    MoveVmHandler(),
    UndefineVmHandler(),
    RemoveVmHandler(),
    AdoptVmHandler(),
    AddVmSnapshotHandler(),
    RollBackVmHandler(),
    RemoveVmSnapshotHandler(),
    ExportVmSnapshotHandler(),
    ImportVmHandler(),
    FlushVmLocksHandler(),
    AddOsdHandler(),
    SetOsdFlagHandler(),
    UnsetOsdFlagHandler(),
    PutOsdInHandler(),
    TakeOsdOutHandler(),
    ReplaceOsdHandler(),
    RemoveOsdHandler(),
    AddPoolHandler(),
    RemovePoolHandler(),
    SetPoolGroupsHandler(),
    AddVolumeHandler(),
    RemoveVolumeHandler(),
    UploadVolumeHandler(),
    ClearUploadHandler(),
    ResizeVolumeHandler(),
    RenameVolumeHandler(),
    CloneVolumeHandler(),
    FlattenVolumeHandler(),
    AdoptVolumeHandler(),
    AddSnapshotHandler(),
    RenameSnapshotHandler(),
    ProtectSnapshotHandler(),
    UnprotectSnapshotHandler(),
    RollBackSnapshotHandler(),
    RemoveSnapshotHandler(),
)

BY_OPERATION: dict[str, AnyHandler] = {handler.operation.name: handler for handler in HANDLERS}


def handler_of(operation: str) -> AnyHandler:
    return BY_OPERATION[operation]


def job_handler_of(operation: str) -> Handler[Any]:
    """For an operation that runs as a job; immediate ones have no steps."""
    handler = BY_OPERATION[operation]
    assert isinstance(handler, Handler), operation
    return handler
