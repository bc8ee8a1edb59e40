"""What an operator may ask: one class per operation, and the list of them all.

A field is declared once, here, and reaches the API, Swagger, the CLI, the task and docs/operations.md.
"""

from pvc_core.model.operations.base import Operation, Role
from pvc_core.model.operations.cluster import InitCluster
from pvc_core.model.operations.node import FlushNode, ReadyNode
from pvc_core.model.operations.storage_locks import FlushVmLocks
from pvc_core.model.operations.storage_osd import (
    AddOsd,
    PutOsdIn,
    RemoveOsd,
    ReplaceOsd,
    SetOsdFlag,
    TakeOsdOut,
    UnsetOsdFlag,
)
from pvc_core.model.operations.storage_pool import AddPool, RemovePool, SetPoolGroups
from pvc_core.model.operations.storage_snapshot import (
    AddSnapshot,
    ProtectSnapshot,
    RemoveSnapshot,
    RenameSnapshot,
    RollBackSnapshot,
    UnprotectSnapshot,
)
from pvc_core.model.operations.storage_upload import ClearUpload, UploadVolume
from pvc_core.model.operations.storage_volume import AddVolume, RemoveVolume
from pvc_core.model.operations.storage_volume_edit import (
    AdoptVolume,
    CloneVolume,
    FlattenVolume,
    RenameVolume,
    ResizeVolume,
)
from pvc_core.model.operations.vm import (
    AdoptVm,
    DefineVm,
    MigrateVm,
    RemoveVm,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
)
from pvc_core.model.operations.vm_edit import (
    AddVmNetwork,
    AddVmVolume,
    ModifyVm,
    RemoveVmNetwork,
    RemoveVmVolume,
    RenameVm,
    SetVmMemory,
    SetVmVcpus,
)
from pvc_core.model.operations.vm_meta import MetaVm
from pvc_core.model.operations.vm_move import MoveVm, UnmigrateVm
from pvc_core.model.operations.vm_snapshot import (
    AddVmSnapshot,
    ExportVmSnapshot,
    ImportVm,
    RemoveVmSnapshot,
    RollBackVm,
)
from pvc_core.model.operations.vm_states import DisableVm, RecoverVm, RestartVm
from pvc_core.model.operations.vm_tag import AddVmTag, RemoveVmTag

OPERATIONS: tuple[type[Operation], ...] = (
    InitCluster,
    FlushNode,
    ReadyNode,
    DefineVm,
    MetaVm,
    AddVmTag,
    RemoveVmTag,
    ModifyVm,
    RenameVm,
    SetVmVcpus,
    SetVmMemory,
    AddVmNetwork,
    RemoveVmNetwork,
    AddVmVolume,
    RemoveVmVolume,
    StartVm,
    ShutdownVm,
    StopVm,
    RestartVm,
    DisableVm,
    RecoverVm,
    MigrateVm,
    UnmigrateVm,
    MoveVm,
    UndefineVm,
    RemoveVm,
    AdoptVm,
    FlushVmLocks,
    AddVmSnapshot,
    RollBackVm,
    RemoveVmSnapshot,
    ExportVmSnapshot,
    ImportVm,
    AddOsd,
    SetOsdFlag,
    UnsetOsdFlag,
    PutOsdIn,
    TakeOsdOut,
    ReplaceOsd,
    RemoveOsd,
    AddPool,
    RemovePool,
    SetPoolGroups,
    AddVolume,
    RemoveVolume,
    UploadVolume,
    ClearUpload,
    ResizeVolume,
    RenameVolume,
    CloneVolume,
    FlattenVolume,
    AdoptVolume,
    AddSnapshot,
    RenameSnapshot,
    ProtectSnapshot,
    UnprotectSnapshot,
    RollBackSnapshot,
    RemoveSnapshot,
)

BY_NAME: dict[str, type[Operation]] = {operation.name: operation for operation in OPERATIONS}


def needs_rest(name: str) -> bool:
    """Of an operation by its name; one of a newer version may."""
    return name not in BY_NAME or BY_NAME[name].needs_rest


__all__ = [
    "BY_NAME",
    "OPERATIONS",
    "AddOsd",
    "AddPool",
    "AddSnapshot",
    "AddVmNetwork",
    "AddVmSnapshot",
    "AddVmTag",
    "AddVmVolume",
    "AddVolume",
    "AdoptVm",
    "AdoptVolume",
    "ClearUpload",
    "CloneVolume",
    "DefineVm",
    "DisableVm",
    "ExportVmSnapshot",
    "FlattenVolume",
    "FlushNode",
    "FlushVmLocks",
    "ImportVm",
    "InitCluster",
    "MetaVm",
    "MigrateVm",
    "ModifyVm",
    "MoveVm",
    "Operation",
    "ProtectSnapshot",
    "PutOsdIn",
    "ReadyNode",
    "RecoverVm",
    "RemoveOsd",
    "RemovePool",
    "RemoveSnapshot",
    "RemoveVm",
    "RemoveVmNetwork",
    "RemoveVmSnapshot",
    "RemoveVmTag",
    "RemoveVmVolume",
    "RemoveVolume",
    "RenameSnapshot",
    "RenameVm",
    "RenameVolume",
    "ReplaceOsd",
    "ResizeVolume",
    "RestartVm",
    "Role",
    "RollBackSnapshot",
    "RollBackVm",
    "SetOsdFlag",
    "SetPoolGroups",
    "SetVmMemory",
    "SetVmVcpus",
    "ShutdownVm",
    "StartVm",
    "StopVm",
    "TakeOsdOut",
    "UndefineVm",
    "UnmigrateVm",
    "UnprotectSnapshot",
    "UnsetOsdFlag",
    "UploadVolume",
    "needs_rest",
]
