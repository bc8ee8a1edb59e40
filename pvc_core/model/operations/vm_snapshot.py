"""Operations on snapshots of VMs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pvc_core.model.export import ExportPlace
from pvc_core.model.names import NodeName, PoolName, VmName, VmSnapshotName
from pvc_core.model.operations.base import COPYING_DAYS, Operation, Subsystem, VmReference

VM = Field(description="The VM's name or UUID.")
SNAPSHOT = Field(description="The snapshot.")
DIRECTORY = Field(
    description="A name below storage.export_directory on that node, or s3:NAME in the bucket of storage.s3.",
    json_schema_extra={"cli": "argument"},
)


class AddVmSnapshot(Operation):
    """Keep a VM as it is at one moment: all its RBD disks, its definition, its metadata.

    A running guest is held for that: by the agent inside it, if there is one, else by standing still. The
    task's result says for how long.
    """

    name: ClassVar[str] = "vm.snapshot.add"
    url: ClassVar[str | None] = "/vm/<vm>/snapshot"
    subsystem: ClassVar[Subsystem | None] = "storage"

    vm: VmReference = VM
    snapshot: VmSnapshotName | None = Field(
        default=None,
        description="Its name; the time if not given.",
        json_schema_extra={"cli": "argument"},
    )


class RollBackVm(Operation):
    """Make a stopped VM what it was: disks, definition and metadata. All written since is lost.

    Once begun it must be finished, by this task or by another one like it: until then the VM is not
    started.
    """

    name: ClassVar[str] = "vm.snapshot.rollback"
    url: ClassVar[str | None] = "/vm/<vm>/snapshot/<snapshot>/rollback"
    needs_rest: ClassVar[bool] = True
    subsystem: ClassVar[Subsystem | None] = "storage"
    destructive: ClassVar[bool] = True

    vm: VmReference = VM
    snapshot: VmSnapshotName = SNAPSHOT


class RemoveVmSnapshot(Operation):
    """Remove a snapshot of a VM; the VM stays as it is."""

    name: ClassVar[str] = "vm.snapshot.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/vm/<vm>/snapshot/<snapshot>"
    subsystem: ClassVar[Subsystem | None] = "storage"
    destructive: ClassVar[bool] = True

    vm: VmReference = VM
    snapshot: VmSnapshotName = SNAPSHOT


class ExportVmSnapshot(Operation):
    """Write a snapshot of a VM to a directory on a node, or to S3, to be imported anywhere.

    Interrupted, the same export goes on where it was; until it is whole it has no manifest. An incremental
    one holds what changed since an earlier snapshot, whose whole export must be in the same place.
    """

    name: ClassVar[str] = "vm.snapshot.export"
    url: ClassVar[str | None] = "/vm/<vm>/snapshot/<snapshot>/export"
    least_days: ClassVar[float] = COPYING_DAYS
    subsystem: ClassVar[Subsystem | None] = "storage"

    vm: VmReference = VM
    snapshot: VmSnapshotName = SNAPSHOT
    directory: ExportPlace = DIRECTORY
    incremental_from: VmSnapshotName | None = Field(
        default=None,
        description="Only what changed since this snapshot.",
        json_schema_extra={"aliases": ["-i", "--incremental"]},
    )
    node: NodeName | None = Field(
        default=None, description="Who exports, and whose directory; the VM's node if not given."
    )


class ImportVm(Operation):
    """Make a VM of an export: its volumes, its definition, its metadata. It is not started.

    All checksums are verified before the VM is defined. An incremental export needs those it builds on
    beside it.
    """

    name: ClassVar[str] = "vm.import"
    url: ClassVar[str | None] = "/import"
    least_days: ClassVar[float] = COPYING_DAYS
    subsystem: ClassVar[Subsystem | None] = "storage"

    directory: ExportPlace = DIRECTORY
    node: NodeName = Field(description="Who imports, and whose directory; the VM's node.")
    rename: VmName | None = Field(
        default=None, description="Another name, for the VM and its volumes; those it had if not given."
    )
    pool: PoolName | None = Field(
        default=None, description="The pool for all its volumes; those they were in if not given."
    )
