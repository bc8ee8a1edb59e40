"""Uploads that left something behind: their tasks were ended by force, or something was still open."""

from __future__ import annotations

import logging

from pvc_core.errors import PvcError
from pvc_core.model.operations import ClearUpload
from pvc_core.store import tree
from pvc_core.store.look import is_unfinished
from pvc_tasks.operations.upload_clear import upload_object
from pvc_tasks.submit import Asker
from pvc_tasks.submitter import Submitter
from pvc_tasks.world import World

log = logging.getLogger(__name__)


def clear_abandoned_uploads(world: World) -> None:
    """By tasks that everybody can see; several coordinators may find the same one."""
    for job in world.store.names(tree.UPLOADS):
        if is_unfinished(world.store, job) or _at_work(world, job):
            continue
        try:
            submitted = Submitter(world).submit(ClearUpload(upload=job), Asker("caretaker"))
        except PvcError as error:
            log.warning("what the upload %s left behind stays for now: %s", job, error.message)
        else:
            log.info("task %s: removes what the upload %s left behind", submitted.id, job)


def _at_work(world: World, job: str) -> bool:
    others = world.store.names(tree.object_path(upload_object(job)))
    return any(is_unfinished(world.store, other) for other in others)
