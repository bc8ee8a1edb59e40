"""What the tests of faults share: a flush half done, and the proof that it ended well."""

from __future__ import annotations

from lab_tool import eventually
from real_cluster import RealCluster

FOUR = ["vm1", "vm2", "vm3", "vm4"]


def begin_flush(real: RealCluster) -> str:
    """A flush of hv1 of which one VM has moved, and others have not."""
    real.boot(FOUR)
    job = real.submit("/node/hv1/flush", parallel=1)
    eventually("the first has moved", lambda: real.get(f"/task/{job}")["progress"]["done"] >= 1, 60)
    assert real.domains("hv1"), "the flush was over too soon"
    return job


def assert_flushed(real: RealCluster, job: str) -> None:
    real.succeeds(job)
    assert real.domains("hv1") == set()
    assert real.domains("hv2") | real.domains("hv3") == set(FOUR)
    assert real.node("hv1")["state"] == "flushed"
    real.assert_unnoticed(FOUR)


def copying(real: RealCluster, job: str) -> list[str]:
    """The children of a flush whose memory is on its way."""
    children = real.get(f"/task?parent={job}")
    return [child["id"] for child in children if is_copied(real, child["id"])]


def is_copied(real: RealCluster, job: str) -> bool:
    return bool(real.get(f"/task/{job}")["progress"]["bytes_done"])
