"""RBD images in our words; to look at one it is opened to be read, which leaves no watcher behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC
from typing import Any, TypeVar

import rbd

from pvc_core.errors import VolumeInUse
from pvc_core.model.storage import Hidden, Volume, VolumeDetail, VolumeSnapshot, Watcher
from pvc_drivers.blocks.ceph_cluster import translated

T = TypeVar("T")
AT_A_TIME = 8
FEATURES = {
    "layering": rbd.RBD_FEATURE_LAYERING,
    "exclusive-lock": rbd.RBD_FEATURE_EXCLUSIVE_LOCK,
    "object-map": rbd.RBD_FEATURE_OBJECT_MAP,
    "fast-diff": rbd.RBD_FEATURE_FAST_DIFF,
    "deep-flatten": rbd.RBD_FEATURE_DEEP_FLATTEN,
    "journaling": rbd.RBD_FEATURE_JOURNALING,
}


@contextmanager
def opened(ioctx: Any, pool: str, name: str, read_only: bool = True) -> Iterator[Any]:
    """Raises NotFound."""
    with translated(f"volume {pool}/{name}"), rbd.Image(ioctx, name, read_only=read_only) as image:
        yield image


def list_names(ioctx: Any, pool: str) -> list[str]:
    with translated(f"pool {pool}"):
        return sorted(str(name) for name in rbd.RBD().list(ioctx))


def read_hidden(ioctx: Any, pool: str) -> Hidden:
    with translated(f"pool {pool}"):
        trash = sorted(str(one["name"]) for one in rbd.RBD().trash_list(ioctx))
        return Hidden(trash=tuple(trash), namespaces=tuple(sorted(rbd.RBD().namespace_list(ioctx))))


def look_at_each(names: Sequence[str], look: Callable[[str], T]) -> list[T]:
    """Several at a time: an open is a handful of round trips."""
    crew = ThreadPoolExecutor(AT_A_TIME, "storage-look")
    try:
        return list(crew.map(look, names))
    finally:
        crew.shutdown(wait=False, cancel_futures=True)


def read_detail(image: Any, volume: Volume) -> VolumeDetail:
    features = image.features()
    lockers = image.list_lockers() or {}
    return VolumeDetail(
        **vars(volume),
        id=image.id(),
        features=tuple(name for name, bit in FEATURES.items() if features & bit),
        created=_seconds(image.create_timestamp()),
        snapshots=tuple(snapshot["name"] for snapshot in _own_snapshots(image)),
        watchers=tuple(Watcher(address=one["addr"], client=str(one["id"])) for one in image.watchers_list()),
        lockers=tuple(
            Watcher(address=address, client=client) for client, _, address in lockers.get("lockers", ())
        ),
    )


def read_volume(image: Any, pool: str, name: str) -> Volume:
    return Volume(pool=pool, name=name, size=image.size(), parent=_parent(image))


def read_snapshots(image: Any, pool: str, volume: str) -> list[VolumeSnapshot]:
    return [
        VolumeSnapshot(
            pool=pool,
            volume=volume,
            name=one["name"],
            size=one["size"],
            protected=image.is_protected_snap(one["name"]),
            created=_seconds(image.get_snap_timestamp(one["id"])),
        )
        for one in sorted(_own_snapshots(image), key=lambda one: int(one["id"]))
    ]


def refuse_if_open(image: Any, name: str, ourselves: int = 1) -> None:
    """It is open here, `ourselves` times to be changed; raises VolumeInUse if it is so anywhere else."""
    others = len(list(image.watchers_list())) - ourselves
    if others > 0:
        clients = "1 client" if others == 1 else f"{others} clients"
        besides = " besides this one" if ourselves else ""
        raise VolumeInUse(f"{name} is open by {clients}{besides}")


def _own_snapshots(image: Any) -> list[Any]:
    """Not those Ceph keeps for itself: of a removed snapshot that still has clones, of groups and mirrors."""
    return [one for one in image.list_snaps() if one["namespace"] == rbd.RBD_SNAP_NAMESPACE_TYPE_USER]


def find_volume(ioctx: Any, pool: str, name: str) -> Volume | None:
    """None if it went away since its name was read."""
    with translated(f"volume {pool}/{name}"):
        try:
            with rbd.Image(ioctx, name, read_only=True) as image:
                return read_volume(image, pool, name)
        except rbd.ImageNotFound:
            return None


def _parent(image: Any) -> str:
    try:
        return "{}/{}@{}".format(*image.parent_info())
    except rbd.ImageNotFound:
        return ""


def _seconds(moment: Any) -> float:
    """The bindings answer with UTC, and do not say so."""
    return float(moment.replace(tzinfo=UTC).timestamp())
