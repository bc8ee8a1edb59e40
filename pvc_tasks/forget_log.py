"""What goes with the thing a log is about."""

from __future__ import annotations

from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.port import Delete, Op


def forget_log(store: Store, key: str) -> list[Op]:
    """The deletes of a log, few enough for the commit they belong to: its size is bounded. A line that comes
    meanwhile makes that commit fail, and its maker look again."""
    head = tree.log_head(key)
    if store.find(head) is None:
        return []
    names = store.names(head.path)
    return [*(Delete(f"{head.path}/{name}") for name in names), Delete(head.path)]
