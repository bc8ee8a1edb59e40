"""Block storage that is Ceph: librados and librbd, never a program started for a question."""

from __future__ import annotations

from pvc_drivers.blocks.ceph_clients import CephClients
from pvc_drivers.blocks.ceph_content import CephContent
from pvc_drivers.blocks.ceph_convert import CephConversion
from pvc_drivers.blocks.ceph_diffs import CephDiffs
from pvc_drivers.blocks.ceph_gates import CephGates
from pvc_drivers.blocks.ceph_osds import CephOsds
from pvc_drivers.blocks.ceph_pools import CephPools
from pvc_drivers.blocks.ceph_reads import CephReads
from pvc_drivers.blocks.ceph_snapshots import CephSnapshots
from pvc_drivers.blocks.ceph_volume_edits import CephVolumeEdits
from pvc_drivers.blocks.ceph_volumes import CephVolumes


class CephBlocks(
    CephReads,
    CephDiffs,
    CephGates,
    CephOsds,
    CephPools,
    CephVolumes,
    CephVolumeEdits,
    CephSnapshots,
    CephClients,
    CephContent,
    CephConversion,
):
    """Obeys `Blocks`."""
