"""`storage ceph volume upload`: a file becomes a volume.

The stages: *(none)* may it be · *preparing* room for what comes · *receiving*, by the API, straight into the
storage · *checking* what came · *converting* it, if it is not raw · *placing*: it gets its name, and is
there · *clearing* what is left. Why it fails is remembered through the last of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pvc_core.errors import AlreadyExists, NotFound, PvcError, VolumeInUse
from pvc_core.model.job import Progress
from pvc_core.model.operations import UploadVolume
from pvc_core.model.size import parse_size
from pvc_core.model.upload import Upload, converted_name, staging_name
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.port import Create
from pvc_tasks.context import Context
from pvc_tasks.operations import upload_images
from pvc_tasks.operations.storage_common import VolumeHandler
from pvc_tasks.operations.upload_ends import begin_clearing, clear_up
from pvc_tasks.operations.volume_common import RoomCheck, check_free, check_room, check_room_roughly
from pvc_tasks.outcome import Again, Hold, Outcome, Wait
from pvc_tasks.ports import Work
from pvc_tasks.standing_still import show_standstill
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World

LOOK_S = 2.0


class SenderGone(PvcError):
    code, status = "SENDER_GONE", 409
    default_remedy = "Upload it again; nothing was kept of it."


class UploadVolumeHandler(VolumeHandler[UploadVolume]):
    operation = UploadVolume

    def check(self, asked: UploadVolume, world: World) -> None:
        self._check(asked, world, check_room_roughly)

    def _check(self, asked: UploadVolume, world: World, check_size: RoomCheck) -> None:
        """What it needs before anybody has looked into the file."""
        check_size(world, asked.pool, max(asked.length, parse_size(asked.size) if asked.size else 0))
        check_free(world.blocks, asked.pool, asked.volume)

    def step(self, asked: UploadVolume, ctx: Context) -> Outcome:
        stages = {
            "": self._begin,
            "preparing": self._prepare,
            "receiving": self._await_sender,
            "checking": self._examine,
            "converting": self._convert,
            "placing": self._place,
            "clearing": self._clear,
        }
        try:
            return stages[ctx.job.stage](asked, ctx)
        except PvcError as error:
            if error.retryable or ctx.job.stage in ("", "clearing"):
                raise
            begin_clearing(ctx, fault=error.as_dict())
            return Again()

    def rest(self, asked: UploadVolume, ctx: Context) -> Outcome:
        if ctx.job.stage != "clearing":
            waiting = bring_to_rest(ctx)
            if waiting is not None:
                return waiting
            begin_clearing(ctx, **(_placed(asked, ctx)))
        return self._clear(asked, ctx, patient=False)

    def _begin(self, asked: UploadVolume, ctx: Context) -> Outcome:
        """What has to be removed one day is written down before it is made."""
        self._check(asked, ctx.world, check_room)
        job = ctx.job.id
        upload = Upload(job=job, pool=asked.pool, length=asked.length, images=(staging_name(job),))
        folder = () if ctx.store.home.read([tree.UPLOADS])[0] else (Create(tree.UPLOADS),)
        ctx.change(stage="preparing")
        ctx.save(*folder, tree.upload_ref(job).create(upload))
        return Again()

    def _prepare(self, asked: UploadVolume, ctx: Context) -> Outcome:
        size = upload_images.whole_sectors(asked.length)
        with suppress(AlreadyExists):
            ctx.storing.create_volume(asked.pool, staging_name(ctx.job.id), size)
        ctx.change(stage="receiving", progress=Progress(bytes_total=asked.length))
        ctx.log(f"receiving {asked.length} bytes for {asked.pool}/{asked.volume}")
        ctx.save()
        return Again()

    def _await_sender(self, asked: UploadVolume, ctx: Context) -> Outcome:
        seen = _load(ctx)
        if seen.value.whole and (seen.value.said or asked.checksum):
            ctx.change(stage="checking")
            ctx.log(f"all has arrived; checking it for {asked.pool}/{asked.volume}")
            ctx.save()
            return Again()
        self._check_patience(seen, ctx)
        ctx.change(progress=Progress(bytes_done=seen.value.received, bytes_total=asked.length))
        trouble = f"; {seen.value.trouble}" if seen.value.trouble else ""
        return Wait("time", "sender", f"receiving{trouble}", until=ctx.now + LOOK_S)

    def _check_patience(self, seen: Seen[Upload], ctx: Context) -> None:
        """By one's own clock: whoever receives only changes the record."""
        if ctx.job.notes.get("version") != seen.version:
            ctx.remember(version=seen.version, heard=ctx.now)
        silent = ctx.now - ctx.job.notes["heard"]
        if silent > ctx.world.config.storage.upload_patience_s:
            upload = seen.value
            trouble = f"; before that: {upload.trouble}" if upload.trouble else ""
            raise SenderGone(
                f"the sender has not been heard for {silent:.0f} s, after {upload.received} of "
                f"{upload.length} bytes{trouble}"
            )

    def _examine(self, asked: UploadVolume, ctx: Context) -> Outcome:
        upload, blocks = _load(ctx).value, ctx.world.blocks

        def act(at: Work) -> Mapping[str, Any]:
            found = upload_images.examine(blocks, asked, upload, at)
            if found["format"] == "raw":
                blocks.resize_volume(upload.pool, staging_name(upload.job), found["size"], at.tell)
            return found

        found = work(ctx, f"checking what arrived for {asked.pool}/{asked.volume}", act)
        if isinstance(found, Hold):
            return found
        return self._examined(asked, ctx, dict(found))

    def _examined(self, asked: UploadVolume, ctx: Context, found: dict[str, Any]) -> Outcome:
        ctx.me.works.forget(ctx.job.id)
        ctx.remember(result={"pool": asked.pool, "volume": asked.volume, "length": asked.length, **found})
        if found["format"] == "raw":
            return self._to_be_placed(asked, ctx, staging_name(ctx.job.id))
        check_room(ctx.world, asked.pool, found["size"])
        ctx.change(stage="converting", progress=Progress(bytes_total=found["size"]))
        ctx.log(f"converting it from {found['format']}")
        ctx.save()
        return Again()

    def _convert(self, asked: UploadVolume, ctx: Context) -> Outcome:
        seen, blocks, result = _load(ctx), ctx.world.blocks, ctx.job.notes["result"]
        target = converted_name(ctx.job.id, ctx.me.incarnation)
        if target not in seen.value.images:
            ctx.save(seen.save(seen.value.but(images=(*seen.value.images, target))))
            return Again()
        form, size = result["format"], result["size"]

        def act(at: Work) -> Mapping[str, Any]:
            return upload_images.convert(blocks, seen.value, form, target, size, at)

        text = f"converting it from {form}"
        done = work(ctx, text, act)
        if isinstance(done, Hold):
            show_standstill(ctx, text, asked.pool, size)
            return done
        ctx.me.works.forget(ctx.job.id)
        return self._to_be_placed(asked, ctx, target)

    def _to_be_placed(self, asked: UploadVolume, ctx: Context, image: str) -> Outcome:
        """By its id it is known after it was renamed."""
        ctx.remember(image=image, image_id=ctx.world.blocks.volume(asked.pool, image).id)
        ctx.change(stage="placing")
        ctx.save()
        return Again()

    def _place(self, asked: UploadVolume, ctx: Context) -> Outcome:
        """A sender that was cut off may have it open still: whatever it writes has to come before."""
        if not _placed(asked, ctx):
            try:
                ctx.storing.rename_volume(asked.pool, ctx.job.notes["image"], asked.volume)
            except VolumeInUse as error:
                return Wait("time", "storage", f"waits: {error.message}", until=ctx.now + LOOK_S)
        size = ctx.job.notes["result"]["size"]
        ctx.change(progress=Progress(bytes_done=size, bytes_total=size))
        begin_clearing(ctx, placed=True)
        return Again()

    def _clear(self, asked: UploadVolume, ctx: Context, patient: bool = True) -> Outcome:
        return clear_up(ctx, f"{asked.pool}/{asked.volume} is there", patient)


def _load(ctx: Context) -> Seen[Upload]:
    return ctx.store.load(tree.upload_ref(ctx.job.id))


def _placed(asked: UploadVolume, ctx: Context) -> dict[str, bool]:
    """A note that the volume is there, if it is; a process may have died before it could say so."""
    if ctx.job.stage != "placing":
        return {}
    try:
        found = ctx.world.blocks.volume(asked.pool, asked.volume)
    except NotFound:
        return {}
    return {"placed": True} if found.id == ctx.job.notes["image_id"] else {}
