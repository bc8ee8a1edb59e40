"""Typed settings, read once from one YAML file; every fault of the file is named at once."""

from __future__ import annotations

from os.path import normpath
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pvc_core.errors import ConfigInvalid
from pvc_core.model.metadata import MigrationMethod, NodeSelector
from pvc_core.model.names import NodeName

DEFAULT_PATH = "/etc/pvc/pvc.yaml"

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=7 * 86400)]
PART = "[A-Za-z0-9][A-Za-z0-9._-]*"
"""Of a path."""


class Section(BaseModel):
    """A part of the file: unknown keys are faults, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSection(Section):
    name: NodeName
    address: str = Field(min_length=1)
    cluster_address: str = ""
    storage_address: str = ""
    coordinator: bool = False


class Subsystems(Section):
    hypervisor: bool = True
    networking: bool = False
    storage: bool = False


class ZookeeperSection(Section):
    hosts: list[str] = Field(min_length=1)
    username: str = "pvc"
    password_file: Path
    session_timeout_s: Seconds = 8

    @field_validator("hosts")
    @classmethod
    def each_host_names_its_port(cls, hosts: list[str]) -> list[str]:
        wrong = [host for host in hosts if not host.rpartition(":")[2].isdigit()]
        if wrong:
            raise ValueError(f"write HOST:PORT, not {', '.join(wrong)}")
        return hosts


class RedisSection(Section):
    host: str
    port: Port = 6379
    password_file: Path


class ApiSection(Section):
    listen: str = "0.0.0.0"
    port: Port = 7370
    processes: int = Field(default=2, ge=1, le=32)
    threads: int = Field(default=16, ge=2, le=256)
    max_body_kib: int = Field(default=1024, ge=64, le=65536)
    bootstrap_token_file: Path | None = None


class WorkerSection(Section):
    run_directory: Path = Path("/run/pvc")
    slots: int = Field(default=8, ge=1, le=64)
    sweep_interval_s: Seconds = 2
    report_interval_s: Seconds = 5


class MigrationSection(Section):
    uri: str = "qemu+tcp://{address}/system"
    parallel_out: int = Field(default=4, ge=1, le=64)
    parallel_in: int = Field(default=4, ge=1, le=64)
    parallel_cluster: int = Field(default=12, ge=1, le=512)
    deadline_s: Seconds = 1800
    max_downtime_ms: int = Field(default=300, ge=1, le=60_000)
    auto_converge: bool = True
    bandwidth_mib_s: int | None = Field(default=None, ge=1, le=1_000_000)
    node_bandwidth_mib_s: int | None = Field(default=None, ge=1, le=1_000_000)


class CrashSection(Section):
    """What becomes of a VM whose guest crashed; its metadata may overrule `restart`."""

    restart: bool = True
    first_delay_s: Seconds = 10
    max_delay_s: Seconds = 300
    limit: int = Field(default=5, ge=1, le=100)
    window_s: Seconds = 3600


class HypervisorSection(Section):
    uri: str = "qemu:///system"
    keepalive_s: Seconds = 10
    reserved_memory_mib: int = Field(default=512, ge=0)
    migration: MigrationSection = MigrationSection()
    shutdown_timeout_s: Seconds = 120
    schemas: Path | None = Path("/usr/share/libvirt/schemas")
    crash: CrashSection = CrashSection()


class S3Section(Section):
    """Where exports are that are named s3:NAME."""

    endpoint: str = Field(pattern=r"^https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?/?$")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field(default="", max_length=255, pattern=rf"^(?:{PART}(?:/{PART})*)?$")
    region: str = Field(default="us-east-1", pattern=r"^[A-Za-z0-9-]{1,63}$")
    credentials_file: Path
    ca_file: Path | None = None
    timeout_s: Seconds = 30


class StorageSection(Section):
    """How this machine reaches Ceph, and as whom; read only if subsystems.storage is on."""

    ceph_conf: Path = Path("/etc/ceph/ceph.conf")
    client: str = Field(default="pvc", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    keyring: Path = Path("/etc/ceph/ceph.client.pvc.keyring")
    timeout_s: float = Field(default=10, gt=0, le=20)
    """At most: a step makes several such calls, and one beyond a minute ends its process."""
    overcommit: float = Field(default=1.0, ge=0.1, le=1000)
    upload_patience_s: Seconds = 120
    osd_format: Literal["lvm", "raw"] = "lvm"
    export_directory: Path = Path("/var/lib/pvc/export")
    s3: S3Section | None = None


class VmSection(Section):
    """What a VM is defined with when its admin does not say."""

    node_selector: NodeSelector = NodeSelector.MEM
    migration_method: MigrationMethod = MigrationMethod.LIVE


class ConsoleSection(Section):
    """Following what guests print, and what the worker itself writes."""

    directory: Path = Path("/var/log/libvirt")
    also: list[Path] = []
    lines: int = Field(default=1000, ge=1, le=10_000)
    kib: int = Field(default=64, ge=16, le=64)
    lazy_s: Seconds = 30

    def why_unread(self, file: str) -> str:
        """Why nobody would follow a log there, as far as its name tells; empty if that is not so."""
        places = [self.directory, *self.also]
        if any(Path(normpath(file)).is_relative_to(place) for place in places):
            return ""
        return f"{file} is not followed: it does not lie in {' or '.join(map(str, places))}"


class JobsSection(Section):
    deadline_s: Seconds = 86_400
    keep_days: int = Field(default=30, ge=1, le=3650)
    keep_count: int = Field(default=10_000, ge=10, le=20_000)


class LogsSection(Section):
    directory: Path = Path("/var/log/pvc")
    level: str = Field(default="info", pattern="^(debug|info|warning|error)$")


class Config(Section):
    """One node's settings; `node` is None on a machine that runs only the API."""

    cluster: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$")
    node: NodeSection | None = None
    subsystems: Subsystems = Subsystems()
    zookeeper: ZookeeperSection
    redis: RedisSection
    api: ApiSection = ApiSection()
    worker: WorkerSection = WorkerSection()
    hypervisor: HypervisorSection = HypervisorSection()
    storage: StorageSection = StorageSection()
    vm: VmSection = VmSection()
    console: ConsoleSection = ConsoleSection()
    jobs: JobsSection = JobsSection()
    logs: LogsSection = LogsSection()


def load_config(path: str | Path) -> Config:
    """Read and validate the file; raises ConfigInvalid naming every fault."""
    return parse_config(_load_yaml(path), str(path))


def parse_config(document: Any, origin: str) -> Config:
    """Validate a document already read from YAML."""
    if not isinstance(document, dict):
        raise _invalid(origin, ["the file must hold a mapping of sections"])
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise _invalid(origin, [_fault(item) for item in error.errors()]) from None


def read_secret(path: Path) -> str:
    """The one line of a secret's file; raises ConfigInvalid when it cannot be read or is empty."""
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(str(path), [f"the secret cannot be read: {_os_reason(error)}"]) from None
    if not secret:
        raise _invalid(str(path), ["the secret is empty"])
    return secret


def _load_yaml(path: str | Path) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(str(path), [f"cannot be read: {_os_reason(error)}"]) from None
    except yaml.YAMLError as error:
        raise _invalid(str(path), [f"is not YAML: {' '.join(str(error).split())}"]) from None


def _os_reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "not UTF-8 text"


def _fault(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return f"{where}: {item['msg']}"


def _invalid(origin: str, faults: list[str]) -> ConfigInvalid:
    return ConfigInvalid(f"{origin}: " + "; ".join(faults), faults=faults)
