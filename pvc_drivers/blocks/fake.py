"""Block storage in memory, for tests; it can be told to hang."""

from __future__ import annotations

from pvc_drivers.blocks.fake_clients import FakeClients
from pvc_drivers.blocks.fake_content import FakeContent
from pvc_drivers.blocks.fake_diffs import FakeDiffs
from pvc_drivers.blocks.fake_gates import FakeGates
from pvc_drivers.blocks.fake_osds import FakeOsds
from pvc_drivers.blocks.fake_pools import FakePools
from pvc_drivers.blocks.fake_reads import FakeReads
from pvc_drivers.blocks.fake_snapshots import FakeSnapshots
from pvc_drivers.blocks.fake_volume_edits import FakeVolumeEdits
from pvc_drivers.blocks.fake_volumes import FakeVolumes


class FakeBlocks(
    FakeReads,
    FakeDiffs,
    FakeGates,
    FakeOsds,
    FakePools,
    FakeVolumes,
    FakeVolumeEdits,
    FakeSnapshots,
    FakeClients,
    FakeContent,
):
    """Obeys `Blocks`."""

    patience_s = 0.0

    def close(self) -> None:
        """Nothing is open."""
