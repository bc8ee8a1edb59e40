"""How an upload ends: only once nothing is left of it but, if it went well, the volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.errors import PvcError, StorageUnavailable, VolumeInUse
from pvc_core.store import tree
from pvc_tasks.context import Context
from pvc_tasks.operations.upload_images import clear
from pvc_tasks.outcome import Done, Fail, Hold, Outcome, Rest
from pvc_tasks.working import work

LEFT = "what is left of the upload is removed by a task of its own, as soon as that can be"


class UploadFailed(PvcError):
    """A failure that was remembered until its leftovers were gone; it shows as what it was."""

    code = "UPLOAD_FAILED"

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__(known["message"], known["remedy"], **known["details"])
        self._known = known

    def as_dict(self) -> dict[str, Any]:
        return dict(self._known)


def begin_clearing(ctx: Context, **notes: Any) -> None:
    ctx.me.works.forget(ctx.job.id)
    ctx.ops.clear()
    ctx.remember(**notes)
    ctx.change(stage="clearing")
    ctx.save()


def clear_up(ctx: Context, good: str, patient: bool = True) -> Outcome:
    """What somebody still has open is left to a task of its own, which the coordinators' agents submit; and
    for who is not patient, what a silent storage does not remove."""
    seen = ctx.store.find(tree.upload_ref(ctx.job.id))
    if seen is None:
        return _end(ctx, good)
    upload, blocks = seen.value, ctx.world.blocks
    try:
        result = work(ctx, "removing what is left", lambda at: clear(blocks, upload.pool, upload.images, at))
    except (VolumeInUse, StorageUnavailable) as error:
        if patient and error.retryable:
            raise
        ctx.log(f"left for later: {error.message}")
        return _end(ctx, good, left=True)
    return result if isinstance(result, Hold) else _end(ctx, good, seen.delete())


def _end(ctx: Context, good: str, *ops: Any, left: bool = False) -> Outcome:
    notes = ctx.job.notes
    if "fault" in notes:
        return Fail(UploadFailed(notes["fault"]), ops)
    if notes.get("placed"):
        return Done(good, notes["result"], ops=ops)
    return Rest(LEFT if left else "nothing is left of the upload", ops)
