"""Operations that change a VM's definition."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from pvc_core.model.hardware import (
    BRIDGE_PATTERN,
    PRINTABLE_PATTERN,
    Bus,
    DiskId,
    ImageFormat,
    MacAddress,
    Topology,
    VolumeType,
    Word,
)
from pvc_core.model.names import VmName
from pvc_core.model.operations.base import PATTERNS, Operation, Subsystem, VmReference

VM = Field(description="The VM's name or UUID.")
LIVE = Field(
    default=None,
    description="Change the running guest too, or only what it is started with next; both if it runs.",
    json_schema_extra={"aliases": ["-l/-L"]},
)

Printable = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=PRINTABLE_PATTERN)]


class ModifyVm(Operation):
    """Replace a VM's libvirt domain XML.

    What runs is not touched: the new definition counts from its next start. The UUID stays; the name is
    changed by `vm rename`.
    """

    name: ClassVar[str] = "vm.modify"
    url: ClassVar[str | None] = "/vm/<vm>/xml"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True
    fingerprinted: ClassVar[tuple[str, ...]] = ("xml",)
    destructive: ClassVar[bool] = True

    vm: VmReference = VM
    xml: str = Field(
        min_length=1,
        max_length=256 * 1024,
        description="The libvirt domain XML.",
        json_schema_extra={"cli": "file"},
    )
    version: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="The ETag of the XML that was changed: refused if the definition is another by now.",
    )


class RenameVm(Operation):
    """Give a stopped VM another name."""

    name: ClassVar[str] = "vm.rename"
    url: ClassVar[str | None] = "/vm/<vm>/rename"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    immediate: ClassVar[bool] = True

    vm: VmReference = VM
    new: VmName = Field(description="Its new name.", json_schema_extra={"cli": "argument"})


class SetVmVcpus(Operation):
    """Change how many virtual CPUs a VM has.

    A running guest is given more or fewer up to the maximum it was started with; beyond that, the change
    counts from its next start.
    """

    name: ClassVar[str] = "vm.vcpu.set"
    url: ClassVar[str | None] = "/vm/<vm>/vcpu"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"

    vm: VmReference = VM
    vcpus: int = Field(ge=1, le=16384, description="How many.", json_schema_extra={"cli": "argument"})
    maximum: int | None = Field(
        default=None, ge=1, le=16384, description="How many it can grow to while it runs."
    )
    topology: Topology | None = Field(
        default=None,
        description="Sockets, cores, threads, as 1,4,2; their product is the maximum.",
        json_schema_extra={"aliases": ["-t"]},
    )
    live: bool | None = LIVE


class SetVmMemory(Operation):
    """Change how much memory a VM has.

    A running guest is given more or less up to the maximum it was started with; beyond that, the change
    counts from its next start. Until then the node keeps free what the larger of the two needs.
    """

    name: ClassVar[str] = "vm.memory.set"
    url: ClassVar[str | None] = "/vm/<vm>/memory"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"

    vm: VmReference = VM
    mib: int = Field(ge=1, le=2**30, description="How many MiB.", json_schema_extra={"cli": "argument"})
    live: bool | None = LIVE


class AddVmNetwork(Operation):
    """Give a VM a network interface."""

    name: ClassVar[str] = "vm.network.add"
    url: ClassVar[str | None] = "/vm/<vm>/network"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"

    vm: VmReference = VM
    network: Printable = Field(
        description="The bridge on the node, or libvirt's network.", json_schema_extra={"cli": "argument"}
    )
    type: Literal["bridge", "network"] = Field(default="bridge", description="What that is the name of.")
    macaddr: MacAddress | None = Field(
        default=None,
        description="Its MAC address; a new one if not given.",
        json_schema_extra={"aliases": ["-a", "--mac-address"]},
    )
    model: Word = Field(
        default="virtio", description="What the guest sees.", json_schema_extra={"aliases": ["-m"]}
    )
    live: bool | None = LIVE

    @model_validator(mode="after")
    def a_bridge_is_named_as_bridges_are(self) -> AddVmNetwork:
        if self.type == "bridge" and re.fullmatch(BRIDGE_PATTERN, self.network) is None:
            raise ValueError(f"network: {PATTERNS[BRIDGE_PATTERN]}; or say --type network")
        return self


class RemoveVmNetwork(Operation):
    """Take a network interface from a VM: the one on a network, or that of a MAC address."""

    name: ClassVar[str] = "vm.network.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/vm/<vm>/network"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    destructive: ClassVar[bool] = True

    vm: VmReference = VM
    network: Printable | None = Field(
        default=None, description="Its network.", json_schema_extra={"cli": "argument"}
    )
    macaddr: MacAddress | None = Field(
        default=None, description="Its MAC address.", json_schema_extra={"aliases": ["-m", "--mac-address"]}
    )
    live: bool | None = LIVE

    @model_validator(mode="after")
    def one_is_named(self) -> RemoveVmNetwork:
        if self.network is None and self.macaddr is None:
            raise ValueError("name the network or the MAC address")
        return self


class AddVmVolume(Operation):
    """Give a VM a disk: an RBD image, or a file that every node must have."""

    name: ClassVar[str] = "vm.volume.add"
    url: ClassVar[str | None] = "/vm/<vm>/volume"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"

    vm: VmReference = VM
    volume: Printable = Field(
        description="POOL/NAME of the RBD image, or the path of the file.",
        json_schema_extra={"cli": "argument"},
    )
    type: VolumeType = Field(
        default=VolumeType.RBD, description="What it is.", json_schema_extra={"aliases": ["-t"]}
    )
    disk_id: DiskId | None = Field(
        default=None,
        description="Its name on the bus, as vdb; the next free one if not given.",
        json_schema_extra={"aliases": ["-d"]},
    )
    bus: Bus = Field(
        default=Bus.VIRTIO, description="How the guest sees it.", json_schema_extra={"aliases": ["-b"]}
    )
    image: ImageFormat = Field(default=ImageFormat.RAW, description="What a file holds.")
    live: bool | None = LIVE

    @model_validator(mode="after")
    def is_named_as_its_type_is(self) -> AddVmVolume:
        if self.type is VolumeType.FILE and not self.volume.startswith("/"):
            raise ValueError("volume: give the whole path of the file")
        pool, slash, image = self.volume.partition("/")
        if self.type is VolumeType.RBD and not (pool and slash and image):
            raise ValueError("volume: give POOL/NAME")
        if self.type is VolumeType.RBD and self.image is not ImageFormat.RAW:
            raise ValueError("image: an RBD image is raw")
        return self


class RemoveVmVolume(Operation):
    """Take a disk from a VM; what is on it stays where it is."""

    name: ClassVar[str] = "vm.volume.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/vm/<vm>/volume"
    subsystem: ClassVar[Subsystem | None] = "hypervisor"
    destructive: ClassVar[bool] = True

    vm: VmReference = VM
    volume: Printable = Field(
        description="POOL/NAME, the path, or the disk id (vdb).", json_schema_extra={"cli": "argument"}
    )
    live: bool | None = LIVE
