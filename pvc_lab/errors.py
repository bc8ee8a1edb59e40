"""What can go wrong with the lab, in words."""

from __future__ import annotations

from pvc_core.errors import Conflict, Forbidden, InvalidRequest, NotFound, PvcError, WrongState


class NotRoot(Forbidden):
    default_remedy = "Run it as root: namespaces, a bridge and QEMU need it."


class PackagesMissing(Conflict):
    """`details["packages"]` lists the Debian packages to install."""

    code = "PACKAGES_MISSING"


class BadOption(InvalidRequest):
    default_remedy = "The command's --help says what is possible; nothing was changed."


class UnsuitableDirectory(InvalidRequest):
    code = "UNSUITABLE_DIRECTORY"


class LabDown(WrongState):
    default_remedy = "Bring it up first: pvc-lab up"


class UnknownNode(NotFound):
    default_remedy = "`pvc-lab status` names the nodes."


class UnknownPart(NotFound):
    default_remedy = "`pvc-lab status` names the parts."


class ProgramFailed(PvcError):
    """An external program ended with an error."""

    code = "PROGRAM_FAILED"


class TooSlow(PvcError):
    """Something did not happen before its deadline."""

    code, status, retryable = "TOO_SLOW", 504, True
