"""Tokens: known by their hash, issued anew by whoever holds the cluster's own credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cluster import DoorCluster

from pvc_core.errors import NotInitialised, Unauthorized
from pvc_core.store import tree
from pvc_core.store.cache import RememberingStore
from pvc_core.store.documents import Store
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.memory import MemoryHome
from pvc_core.store.port import Note, Raw
from pvc_tasks.service import Service
from pvc_tasks.tokens import issue_token


class Noting(MemoryHome):
    """Knows for which values it was asked to take note of changes."""

    def __init__(self, memory: MemoryTree) -> None:
        super().__init__(memory)
        self.noted: list[str] = []

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        self.noted.extend(paths)
        return super().note_values(paths, notes)


def test_an_issued_token_opens_the_doors_its_role_allows(cluster: DoorCluster) -> None:
    token = issue_token(cluster.service.store, "night shift", "viewer", 0.0)
    known = cluster.service.authenticate(token)
    assert (known.name, known.role) == ("night shift", "viewer")


def test_the_tree_holds_no_token(cluster: DoorCluster) -> None:
    token = issue_token(cluster.service.store, "rescue", "admin", 0.0)
    kept = [*cluster.service.store.names(tree.TOKENS)]
    raws = cluster.service.store.home.read([f"{tree.TOKENS}/{name}" for name in kept])
    assert not any(token in name for name in kept)
    assert not any(raw is not None and token.encode() in raw.data for raw in raws)


@pytest.mark.parametrize("part", [slice(0, 0), slice(0, 8), slice(4, None), slice(0, -1)])
def test_a_part_of_a_token_opens_nothing(cluster: DoorCluster, part: slice) -> None:
    with pytest.raises(Unauthorized):
        cluster.service.authenticate(cluster.token[part])


def test_nothing_is_remembered_of_a_token_that_opens_nothing(cluster: DoorCluster) -> None:
    """Anybody can send as many as they like: each would cost a watch for ever."""
    home = Noting(cluster.tree)
    service = Service(replace(cluster.service.world, store=RememberingStore(home)))
    for number in range(20):
        with pytest.raises(Unauthorized):
            service.authenticate(f"wrong {number}")
    assert [path for path in home.noted if path.startswith(tree.TOKENS)] == []
    token = issue_token(cluster.service.store, "day shift", "viewer", 0.0)
    assert service.authenticate(token).name == "day shift"


def test_a_cluster_that_is_not_initialised_issues_none() -> None:
    with pytest.raises(NotInitialised):
        issue_token(Store(MemoryHome(MemoryTree())), "early", "admin", 0.0)
