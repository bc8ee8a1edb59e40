"""`storage.upload.clear`: the images of an upload whose own task is no more."""

from __future__ import annotations

from pvc_core.errors import VolumeInUse
from pvc_core.model.operations import ClearUpload
from pvc_core.store import tree
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import StorageHandler
from pvc_tasks.operations.upload_images import clear
from pvc_tasks.outcome import Done, Hold, Outcome, Rest, Wait
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World

PAUSE_S = 5.0


def upload_object(job: str) -> str:
    return f"upload:{job}"


class ClearUploadHandler(StorageHandler[ClearUpload]):
    operation = ClearUpload

    def about(self, asked: ClearUpload) -> str:
        return asked.upload

    def objects(self, asked: ClearUpload) -> tuple[str, ...]:
        return (upload_object(asked.upload),)

    def check(self, asked: ClearUpload, world: World) -> None:
        """Nothing is wrong with clearing what is clear."""

    def step(self, asked: ClearUpload, ctx: Context) -> Outcome:
        seen = ctx.store.find(tree.upload_ref(asked.upload))
        if seen is None:
            return Done(f"nothing is left of upload {asked.upload}")
        if not ctx.job.begun:
            ctx.change(stage="clearing")
            ctx.save()
        upload, blocks = seen.value, ctx.world.blocks
        try:
            result = work(
                ctx, "removing what is left", lambda at: clear(blocks, upload.pool, upload.images, at)
            )
        except VolumeInUse as error:
            return Wait("time", "storage", f"waits: {error.message}", until=ctx.now + PAUSE_S)
        if isinstance(result, Hold):
            return result
        return Done(f"nothing is left of upload {asked.upload}", ops=(seen.delete(),))

    def rest(self, asked: ClearUpload, ctx: Context) -> Outcome:
        return bring_to_rest(ctx) or Rest("what is left is cleared by the next such task")
