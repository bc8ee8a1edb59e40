"""Which OSD may be given another disk, and of which size."""

from __future__ import annotations

import pytest

from pvc_core.decide.osds import check_fits, check_replaceable, describe_out_of_reach
from pvc_core.errors import WrongState
from pvc_core.model.storage import Osd, Pool

GIB = 1 << 30
POOL = Pool(
    id=1, name="vms", placement_groups=16, autoscale="off", copies=3, mincopies=2, uses=("rbd",)
)  # fmt: skip


def osd(number: int, **more: object) -> Osd:
    made = Osd(
        id=number, node=f"hv{number + 1}", device_class="ssd", up=True, within=True, weight=4 / 1024,
        total=4 * GIB, used=0, placement_groups=16,
    )  # fmt: skip
    return made.but(**more)


@pytest.mark.parametrize("state", [{}, {"up": False}, {"up": False, "within": False}])
def test_whose_copies_have_no_other_host_is_refused_also_once_it_is_down_and_out(
    state: dict[str, bool],
) -> None:
    osds = [osd(0), osd(1), osd(2, **state)]
    with pytest.raises(WrongState, match=r"without osd\.2 pool vms has 2 hosts for 3 copies") as refused:
        check_replaceable(osds, [POOL], osds[2])
    assert "if its disk is lost" in refused.value.remedy and "--force osd.2" in refused.value.remedy


def test_with_another_host_or_without_a_disk_it_is_not() -> None:
    osds = [osd(0), osd(1), osd(2, up=False, within=False), osd(3)]
    check_replaceable(osds, [POOL], osds[2])
    destroyed = osd(2, up=False, destroyed=True)
    check_replaceable([osd(0), osd(1), destroyed], [POOL], destroyed)


@pytest.mark.parametrize(("gib", "fits"), [(8.0, True), (4.0, True), (3.7, True), (3.5, False), (1.0, False)])
def test_a_smaller_disk_does_not_fit(gib: float, fits: bool) -> None:
    if fits:
        return check_fits(osd(2), "/dev/sdb", int(gib * GIB))
    with pytest.raises(WrongState, match=rf"/dev/sdb is too small: it has {gib:.1f} GiB.* 4\.0 GiB"):
        check_fits(osd(2), "/dev/sdb", int(gib * GIB))


def test_placement_groups_that_may_need_it_are_counted_by_what_they_lack() -> None:
    assert describe_out_of_reach({"active+clean": 9, "active+undersized+degraded": 4}) == ""
    groups = {"down": 2, "stale+active+clean": 1, "active+recovery_unfound+degraded": 1, "down+remapped": 1}
    assert describe_out_of_reach(groups).endswith("out of reach: 3 down, 1 stale, 1 recovery_unfound")
