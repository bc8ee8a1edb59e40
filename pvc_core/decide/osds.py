"""What may be done with an OSD, and what the storage would regret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pvc_core.decide.pools import ANY
from pvc_core.errors import InvalidRequest, NotFound, WrongState
from pvc_core.model.storage import Osd, Pool

FULL = 0.85
"""From here on Ceph calls an OSD nearly full."""
GIB = 1 << 30
SMALLER = 0.9
"""Disks of the same size on paper differ by less."""
OUT_OF_REACH = ("down", "incomplete", "stale", "unknown", "recovery_unfound", "backfill_unfound")
"""States of placement groups whose data may be on an OSD that is down, and nowhere else."""


def number_of(name: str) -> int:
    """Of `osd.3` or `3`."""
    return int(name.removeprefix("osd."))


def find_osd(osds: Iterable[Osd], name: str) -> Osd:
    """Raises NotFound."""
    number = number_of(name)
    found = numbered(osds, number)
    if found is None:
        raise NotFound(f"there is no osd.{number}", "See `pvc storage ceph osd list`.")
    return found


def numbered(osds: Iterable[Osd], number: int) -> Osd | None:
    return next((osd for osd in osds if osd.id == number), None)


def find_new(osds: Iterable[Osd], known: Iterable[int]) -> list[Osd]:
    """Those that came after the known ones, never ran, and have no host: begun, and not finished."""
    return [osd for osd in osds if osd.id not in set(known) and not osd.up and not osd.node]


def check_typed(operation: str, name: str, force: str | None) -> bool:
    """Whether it is forced; raises InvalidRequest where something else was typed."""
    if force is not None and number_of(force) != number_of(name):
        raise InvalidRequest(f"{operation}: force: must be the OSD's name, osd.{number_of(name)}")
    return force is not None


def check_goes_without(
    osds: Sequence[Osd],
    pools: Iterable[Pool],
    gone: Osd,
    way_out: str = "Add an OSD first; or go on all the same",
) -> None:
    """Raises WrongState where the others cannot hold what an OSD has."""
    known = list(pools)
    faults = [*_homeless(osds, known, gone), *_overfull(osds, known, gone)] if gone.within else []
    if faults:
        raise WrongState(
            f"without osd.{gone.id} {'; '.join(faults)}",
            f"{way_out}: --force osd.{gone.id}",
            faults=faults,
        )


def check_replaceable(osds: Sequence[Osd], pools: Iterable[Pool], gone: Osd) -> None:
    """Raises WrongState where the others cannot hold what it has.

    One that is down counts as in: Ceph takes it out by itself after a while, and would then wait in vain for
    a place for its copies.
    """
    if gone.destroyed:
        return
    counted = gone if gone.up else gone.but(within=True)
    rest = [osd for osd in osds if osd.id != gone.id]
    way_out = "Add an OSD first; or, if its disk is lost or the copies on it may be given up"
    check_goes_without([*rest, counted], pools, counted, way_out)


def check_fits(osd: Osd, device: str, size: int) -> None:
    """Raises WrongState for a disk that would be full before the others."""
    wanted = osd.weight * (1 << 40)
    if size < SMALLER * wanted:
        raise WrongState(
            f"{device} is too small: it has {size / GIB:.1f} GiB, osd.{osd.id} is given data as a disk of "
            f"{wanted / GIB:.1f} GiB",
            f"Take a larger disk; or `pvc storage ceph osd remove {osd.id}`, then `osd add`: it is then "
            "given data by its size.",
        )


def describe_out_of_reach(groups: Mapping[str, int]) -> str:
    """Data that an OSD which is down may have alone; empty if there are none."""
    found = dict.fromkeys(OUT_OF_REACH, 0)
    for state, number in groups.items():
        for word in set(state.split("+")) & set(OUT_OF_REACH):
            found[word] += number
    faults = [f"{number} {word}" for word, number in found.items() if number]
    return (
        f"what it has may be needed, placement groups are out of reach: {', '.join(faults)}" if faults else ""
    )


def _homeless(osds: Sequence[Osd], pools: Iterable[Pool], gone: Osd) -> Iterator[str]:
    """Pools that would lack copies for ever: each copy is on another host."""
    for pool in pools:
        if pool.tier not in (ANY, gone.device_class):
            continue
        before, after = _hosts(osds, pool), _hosts([osd for osd in osds if osd.id != gone.id], pool)
        if after < pool.copies and after < before:
            yield f"pool {pool.name} has {after} host{'' if after == 1 else 's'} for {pool.copies} copies"


def _hosts(osds: Iterable[Osd], pool: Pool) -> int:
    return len({osd.node for osd in osds if osd.within and pool.tier in (ANY, osd.device_class)})


def _overfull(osds: Iterable[Osd], pools: Iterable[Pool], gone: Osd) -> Iterator[str]:
    """Where no pool is kept on its class alone, its data may go to all the others."""
    bound = any(pool.tier == gone.device_class for pool in pools)
    kind = gone.device_class if bound else ANY
    rest = [osd for osd in osds if osd.within and osd.id != gone.id and kind in (ANY, osd.device_class)]
    total = sum(osd.total for osd in rest)
    used = sum(osd.used for osd in rest) + gone.used
    if not total or used > FULL * total:
        share = f"{100 * used // total} % full" if total else "none"
        yield f"the others{' of its class' if bound else ''} would be {share}"
