"""As whom the storage sees this node: asked in a round of its own, so that its silence delays no report."""

from __future__ import annotations

from pvc_core.model.storage import host_of
from pvc_drivers.blocks.port import Blocks

CLIENT_INTERVAL_S = 30.0


class StorageClient:
    """`host` is empty as long as that is not known, and where there is no storage."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self.host = ""

    def look(self) -> None:
        """Raises PvcError."""
        self.host = host_of(self._blocks.own_address())
