"""The block storage a configuration speaks of."""

from __future__ import annotations

from pvc_core.config import Config
from pvc_core.errors import ConfigInvalid
from pvc_drivers.blocks.off import no_blocks
from pvc_drivers.blocks.port import Blocks


def make_blocks(config: Config, callers: int) -> Blocks:
    """Connects at the first question; Ceph's bindings are needed only where the storage is on.

    `callers` threads may wait for it at once.
    """
    if not config.subsystems.storage:
        return no_blocks()
    try:
        from pvc_drivers.blocks.ceph import CephBlocks
        from pvc_drivers.blocks.ceph_cluster import Access
    except ImportError as error:
        raise ConfigInvalid(
            f"subsystems.storage is on, but {error.name} cannot be imported",
            "apt-get install python3-rados python3-rbd; the virtual environment must see Debian's packages.",
        ) from None
    storage = config.storage
    access = Access(storage.ceph_conf, storage.client, storage.keyring, storage.timeout_s, callers)
    return CephBlocks(access)
