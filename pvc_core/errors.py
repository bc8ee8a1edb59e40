"""Every failure PVC can name: a code for machines, a sentence and a remedy for people."""

from __future__ import annotations

from typing import Any, ClassVar


class PvcError(Exception):
    """Base of all named failures.

    `status` is the HTTP status the API answers with, `retryable` tells a job to look again later.
    """

    code: ClassVar[str] = "ERROR"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, remedy: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """The shape every error has on the wire: code, message, remedy, details."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy, "details": self.details}


class InvalidRequest(PvcError):
    code, status = "INVALID_REQUEST", 400
    default_remedy = "Correct the named fields and send the request again; nothing was changed."


class InvalidXml(InvalidRequest):
    code = "INVALID_XML"
    default_remedy = "Correct the domain XML; nothing was changed."


class BodyTooLarge(PvcError):
    code, status = "BODY_TOO_LARGE", 413
    default_remedy = "Send less, or raise api.max_body_kib in the configuration."


class Unauthorized(PvcError):
    code, status = "UNAUTHORIZED", 401
    default_remedy = "Send `Authorization: Bearer TOKEN`; see `pvc connection add`."


class Forbidden(PvcError):
    code, status = "FORBIDDEN", 403
    default_remedy = "Ask an administrator of the cluster for a token with a higher role."


class NotFound(PvcError):
    code, status = "NOT_FOUND", 404
    default_remedy = "Check the name against the matching `list` command."


class Conflict(PvcError):
    """The request is sound, the state of the cluster does not allow it."""

    code, status = "CONFLICT", 409


class AlreadyExists(Conflict):
    code = "ALREADY_EXISTS"
    default_remedy = "Choose another name, or remove the existing one first."


class WrongState(Conflict):
    code = "WRONG_STATE"


class LockedByJob(Conflict):
    code = "LOCKED_BY_JOB"
    default_remedy = "Wait for that job (`pvc task wait ID`) or cancel it (`pvc task cancel ID`)."


class NoPlacement(Conflict):
    """No node can take the VM; `details["refusals"]` says why for each."""

    code = "NO_PLACEMENT"
    default_remedy = "Free memory, make a node ready, or relax the VM's node limit."


class SubsystemOff(Conflict):
    code = "SUBSYSTEM_OFF"
    default_remedy = "Switch it on under `subsystems:` in the configuration of every node."


class NotInitialised(Conflict):
    code = "CLUSTER_NOT_INITIALISED"
    default_remedy = "Run `pvc cluster init` once."


class StoreConflict(PvcError):
    """A document is no longer at the version the decision was read at: look again, decide again."""

    code, status, retryable = "STORE_CONFLICT", 409, True
    default_remedy = "Somebody changed the same object a moment ago; look again and repeat."


class StoreMissing(StoreConflict):
    """A document the commit relied on does not exist (any more)."""

    code = "STORE_MISSING"


class StoreExists(StoreConflict):
    """A document the commit wanted to create exists already."""

    code = "STORE_EXISTS"


class StoreTooLarge(PvcError):
    code, status = "STORE_TOO_LARGE", 413
    default_remedy = "Make the object smaller; values are bounded to keep ZooKeeper healthy."


class StoreUnavailable(PvcError):
    """ZooKeeper cannot be reached, or the session is lost; whether a write arrived is unknown."""

    code, status, retryable = "STORE_UNAVAILABLE", 503, True
    default_remedy = "Check the ZooKeeper members (`zookeeper.hosts`); a majority must be up."


class HypervisorUnavailable(PvcError):
    """libvirtd does not answer."""

    code, status, retryable = "HYPERVISOR_UNAVAILABLE", 503, True
    default_remedy = "Check libvirtd on that node; the job looks again by itself."


class HypervisorRefused(PvcError):
    """libvirt answered with an error."""

    code = "HYPERVISOR_REFUSED"
    default_remedy = "Read the hypervisor's message; `pvc task log ID` has the steps before it."


class StorageUnavailable(PvcError):
    """The storage cluster does not answer."""

    code, status, retryable = "STORAGE_UNAVAILABLE", 503, True
    default_remedy = "Check the monitors and OSDs of Ceph; a majority of the monitors must be up."


class StorageRefused(PvcError):
    """The storage cluster answered with an error."""

    code = "STORAGE_REFUSED"
    default_remedy = "Read the storage's message; nothing was changed."


class VolumeInUse(Conflict):
    """`details["used_by"]` names who has it open."""

    code = "VOLUME_IN_USE"
    default_remedy = "Stop or detach who uses it (`pvc storage ceph volume info`), then try again."


class InternalFault(PvcError):
    code = "INTERNAL_FAULT"
    default_remedy = "This is a fault of PVC; the worker's log has the details. Submit the task again."


class JobExpired(PvcError):
    code = "EXPIRED"
    default_remedy = "Find out what it waited for (above), then submit it again."


class ConfigInvalid(PvcError):
    """`details["faults"]` lists every fault of the file at once."""

    code = "CONFIG_INVALID"
    default_remedy = "Correct the file; config/pvc.sample.yaml documents every key."


class Unreachable(PvcError):
    """Raised by clients: the API does not answer."""

    code = "UNREACHABLE"
    default_remedy = "Check the address (`pvc connection list`) and that pvc-api runs."
