"""Having a running guest changed: looked at first, asked, looked at again, and not waited for without end."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeVar

from pvc_core.errors import HypervisorRefused, PvcError
from pvc_core.model.operations import Operation
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Seen
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.context import Context
from pvc_tasks.operations.edit_record import disclaim
from pvc_tasks.outcome import Fail, Hold, Outcome

ASK_AGAIN_S = 10.0
LOOK_AGAIN_S = 0.5

Notes = dict[str, Any]

E = TypeVar("E", bound=Operation, contravariant=True)


class GuestUnwilling(PvcError):
    code, status = "GUEST_UNWILLING", 409


class Change(Protocol[E]):
    """What an edit knows of the guest."""

    patience_s: ClassVar[float]
    must_be_seen: ClassVar[bool]

    def is_so(self, asked: E, notes: Notes, live: str) -> bool: ...
    def act(self, asked: E, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None: ...
    def words(self, asked: E, notes: Notes) -> str: ...


def have_it_live(change: Change[E], asked: E, ctx: Context, seen: Seen[VmSpec]) -> Outcome | None:
    """None once the guest has it, or will not be waited for any longer."""
    uuid = seen.value.uuid
    live = ctx.looking.xml(uuid)
    if change.is_so(asked, ctx.job.notes, live):
        return None
    if ctx.job.stage != "asked":
        ctx.change(stage="asked")
        ctx.remember(until=ctx.now + change.patience_s, asked=0.0)
        ctx.log(f"changing the running guest: {change.words(asked, ctx.job.notes)}")
        ctx.save()
    elif ctx.now >= ctx.job.notes["until"]:
        return _out_of_patience(change, ctx, seen)
    if ctx.now - ctx.job.notes["asked"] >= ASK_AGAIN_S:
        refused = _ask(change, asked, ctx, uuid, live)
        if refused is not None:
            return Fail(refused, disclaim(ctx, seen))
    if change.is_so(asked, ctx.job.notes, ctx.looking.xml(uuid)):
        return None
    return Hold(until=min(ctx.now + LOOK_AGAIN_S, ctx.job.notes["until"]))


def _ask(change: Change[E], asked: E, ctx: Context, uuid: str, live: str) -> HypervisorRefused | None:
    try:
        change.act(asked, ctx.job.notes, ctx.acting, uuid, live)
    except HypervisorRefused as error:
        if not change.is_so(asked, ctx.job.notes, ctx.looking.xml(uuid)):
            return HypervisorRefused(error.message, _remedy(ctx), **error.details)
    ctx.remember(asked=ctx.now)
    return None


def _remedy(ctx: Context) -> str:
    """A definition that libvirt refuses is no remedy: with it, the VM would not start again."""
    return (
        f"See whether what it names is on {ctx.me.node}. Only if the running guest alone cannot have it: "
        "repeat with --no-live, which counts from the VM's next start."
    )


def _out_of_patience(change: Change[E], ctx: Context, seen: Seen[VmSpec]) -> Outcome | None:
    if not change.must_be_seen:
        ctx.remember(unwilling=True)
        return None
    error = GuestUnwilling(
        f"the guest of {seen.value.name} has not done it within {change.patience_s:.0f} s; "
        "the definition is as it was",
        "Look at its console. Or repeat with --no-live: it then counts from the VM's next start.",
    )
    return Fail(error, disclaim(ctx, seen))
