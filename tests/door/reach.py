"""A node's way to the storage, which can be cut while the others keep theirs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pvc_core.errors import StorageUnavailable
from pvc_drivers.blocks.port import Blocks


class Reach:
    """Obeys `Blocks`; a call under way when the way is cut comes to its end."""

    def __init__(self, blocks: Blocks, node: str, cut_off: Collection[str]) -> None:
        self._blocks, self._node, self._cut_off = blocks, node, cut_off

    def __getattr__(self, name: str) -> Any:
        if self._node in self._cut_off:
            raise StorageUnavailable(f"{self._node} does not reach the storage")
        return getattr(self._blocks, name)
