"""Any domain XML that libvirt accepts is served: defined, listed, shown, started, migrated."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_cluster import RealCluster

BARE = """
<domain type='qemu'>
  <name>bare</name>
  <memory unit='MiB'>64</memory>
  <os><type>hvm</type></os>
</domain>
"""
STRANGE = """
<domain type='qemu'>
  <name>strange</name>
  <metadata><shop:till xmlns:shop='urn:example:shop' number='7'>keep me</shop:till></metadata>
  <memory unit='KiB'>65536</memory>
  <os><type arch='x86_64'>hvm</type></os>
  <hologram depth='3'><beam/></hologram>
  <devices><video><model type='none'/></video><antenna gain='high'/></devices>
</domain>
"""


@pytest.mark.parametrize(("name", "xml"), [("bare", BARE), ("strange", STRANGE)])
def test_it_is_defined_listed_shown_started_and_migrated(
    real: RealCluster, tmp_path: Path, name: str, xml: str
) -> None:
    file = tmp_path / f"{name}.xml"
    file.write_text(xml)
    for words in (
        ("vm", "define", str(file), "--node", "hv1"),
        ("vm", "info", name),
        ("vm", "start", name, "--wait"),
        ("vm", "migrate", name, "--target", "hv3", "--wait"),
    ):
        done = real.pvc(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert name in real.pvc("vm", "list").stdout
    assert real.domains("hv1") == set() and real.domains("hv3") == {name}


def test_what_we_do_not_know_is_kept(real: RealCluster, tmp_path: Path) -> None:
    file = tmp_path / "strange.xml"
    file.write_text(STRANGE)
    real.pvc("vm", "define", str(file))
    dump = real.pvc("vm", "dump", "strange").stdout
    for kept in ("urn:example:shop", "keep me", "<hologram depth='3'>", "<antenna gain='high'/>"):
        assert kept in dump.replace('"', "'")
