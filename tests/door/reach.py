"""A node's way to the storage, which can be cut while the others keep theirs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from pvc_core.errors import StorageUnavailable
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.blocks.port import Blocks, Tell


class Reach:
    """Obeys `Blocks`; a call under way when the way is cut comes to its end."""

    def __init__(self, blocks: Blocks, node: str, cut_off: Collection[str]) -> None:
        self._blocks, self._node, self._cut_off = blocks, node, cut_off

    def __getattr__(self, name: str) -> Any:
        if self._node in self._cut_off:
            raise StorageUnavailable(f"{self._node} does not reach the storage")
        return getattr(self._blocks, name)

    def own_address(self) -> str:
        """Every node has its own, as every process has; hv1 is 127.0.0.1."""
        self.__getattr__("own_address")()
        return f"127.0.0.{self._node.removeprefix('hv') or 99}:0/1"

    def flatten_volume(self, pool: str, volume: str, tell: Tell) -> None:
        """Whoever flattens has it open all the while."""
        flatten = self.__getattr__("flatten_volume")
        with cast(FakeBlocks, self._blocks).joined(pool, volume, self.own_address()):
            flatten(pool, volume, tell)
