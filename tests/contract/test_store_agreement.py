"""Whatever is committed, memory and ZooKeeper agree on the outcome and on the tree that results."""

from __future__ import annotations

from ensembles import ZookeeperEnsemble
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pvc_core.errors import StoreConflict
from pvc_core.store.memory import MemoryHome, MemoryTree
from pvc_core.store.port import Check, Create, Delete, Home, Op, Put, Raw
from pvc_core.store.subtree import delete_tree, walk

PATHS = st.sampled_from(["/t/a", "/t/b", "/t/a/x", "/t/a/y", "/t/b/x", "/t/a/x/deep"])
VERSIONS = st.integers(0, 2)
DATA = st.sampled_from([b"", b"1", b"2"])
OPS = st.one_of(
    st.builds(Create, PATHS, DATA, st.booleans()),
    st.builds(Put, PATHS, DATA, VERSIONS),
    st.builds(Delete, PATHS, st.none() | VERSIONS),
    st.builds(Check, PATHS, VERSIONS),
)
COMMITS = st.lists(st.lists(OPS, min_size=1, max_size=5), min_size=1, max_size=12)


def outcome(home: Home, ops: list[Op]) -> tuple[str, str] | None:
    try:
        home.commit(ops)
    except StoreConflict as error:
        return error.message, error.details["path"]
    return None


def state(home: Home) -> list[tuple[str, Raw | None]]:
    paths = walk(home, "/t")
    return list(zip(paths, home.read(paths), strict=True))


def test_both_homes_agree(zookeeper: ZookeeperEnsemble) -> None:
    real = zookeeper.open()

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(COMMITS)
    def agree(commits: list[list[Op]]) -> None:
        memory = MemoryHome(MemoryTree())
        delete_tree(real, "/t")
        for home in (memory, real):
            home.commit([Create("/t")])
        for ops in commits:
            assert outcome(memory, ops) == outcome(real, ops)
        assert state(memory) == state(real)

    agree()
