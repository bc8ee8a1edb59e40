"""Flattening an RBD image so that nothing is lost, whoever dies.

A client marks an object in the image's object map before it writes it. One that dies in between leaves a
mark without an object; reading still finds what the parent has there. Flattening, however, skips what is
marked, and then lets the parent go: that data is lost (tracker.ceph.com/issues/68998, seen with Ceph 16.2
after a flatten was killed; making the map anew does not help). So an image is flattened without its map, and
gets it back afterwards. What it had stands in its metadata meanwhile, for whoever goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import rbd

from pvc_drivers.blocks.ceph_telling import telling
from pvc_drivers.blocks.port import Tell

MAPS = rbd.RBD_FEATURE_OBJECT_MAP | rbd.RBD_FEATURE_FAST_DIFF
KEY = "pvc.features-while-flattening"


def flatten(image: Any, tell: Tell) -> None:
    """Nothing if it shares nothing."""
    if not _has_parent(image):
        _bring_back(image)
        return
    with _without_map(image), telling(tell) as told:
        image.flatten(told)


def _has_parent(image: Any) -> bool:
    try:
        image.parent_info()
    except rbd.ImageNotFound:
        return False
    return True


@contextmanager
def _without_map(image: Any) -> Iterator[None]:
    bits = image.features() & MAPS
    if bits:
        image.metadata_set(KEY, str(bits))
        image.update_features(bits, False)
    try:
        yield
    except BaseException:
        with suppress(rbd.Error):
            _bring_back(image)
        raise
    _bring_back(image)


def _bring_back(image: Any) -> None:
    """A map that was switched on says nothing until it is made; of each snapshot, too."""
    try:
        bits = int(image.metadata_get(KEY))
    except KeyError:
        return
    missing = bits & ~image.features()
    if missing:
        image.update_features(missing, True)
    if bits & rbd.RBD_FEATURE_OBJECT_MAP:
        for snapshot in image.list_snaps():
            _rebuild(image, snapshot["name"])
        _rebuild(image, None)
    image.metadata_remove(KEY)


def _rebuild(image: Any, snapshot: str | None) -> None:
    """Of a snapshot that has gone meanwhile there is nothing to be made."""
    with suppress(rbd.ImageNotFound):
        try:
            image.set_snap(snapshot)
            image.rebuild_object_map()
        finally:
            image.set_snap(None)
