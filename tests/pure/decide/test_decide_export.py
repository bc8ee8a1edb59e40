"""Exports: disks cut into files, manifests believed or not, definitions taken elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.export import ExportDamaged, check_chunk, parse_manifest, parts_of, plan_chunks
from pvc_core.model.export import CHUNK_BYTES, Chunk, ExportedDisk, Manifest
from pvc_core.model.vm_snapshot import SavedMetadata
from pvc_core.xml.rehome import has_rbd, rehomed

UUID = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
SHA = "0" * 64
DISK = (
    "<disk type='network' device='disk'>{outer}<source protocol='rbd' name='{name}'>{inner}</source>"
    "<target dev='vda'/></disk>"
)


def domain(name: str, disk: str, outer: str = "", inner: str = "") -> str:
    devices = DISK.format(name=disk, outer=outer, inner=inner)
    return f"<domain><name>{name}</name><uuid>{UUID}</uuid><devices>{devices}</devices></domain>"


@given(
    st.lists(st.integers(0, 40), max_size=20, unique=True).map(sorted),
    st.integers(1, 30),
    st.integers(0, 400),
)
def test_every_byte_is_in_one_chunk_and_none_is_too_large(blocks: list[int], most: int, size: int) -> None:
    extents = [(block * 10, 10) for block in blocks]
    chunks = plan_chunks(extents, size, most)
    told = [at for chunk in chunks for offset, length in chunk for at in range(offset, offset + length)]
    assert told == [at for offset, length in extents for at in range(offset, offset + length) if at < size]
    sizes = [sum(length for _, length in chunk) for chunk in chunks]
    assert all(0 < held <= most for held in sizes) and all(held == most for held in sizes[:-1])
    assert chunks == plan_chunks(extents, size, most)


def manifest() -> Manifest:
    chunk = Chunk(file="0/00000000.chunk", bytes=8, sha256=SHA, stretches=((0, 4), (8, 4)))
    disk = ExportedDisk(pool="vms", volume="web", size=16, chunks=(chunk,), zeros=((4, 4),))
    return Manifest(
        vm=UUID,
        snapshot="first",
        made_by="job",
        pvc_version="1",
        name="web",
        created=1,
        metadata=SavedMetadata(),
        definition_sha256=SHA,
        disks=(disk,),
    )


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert parse_manifest(manifest().model_dump_json().encode(), "out") == manifest()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["disks"][0]["chunks"][0].update(file="../x"),
        lambda said: said["disks"][0]["chunks"][0].update(file="0/00000000.chunk\n"),
        lambda said: said["disks"][0]["chunks"][0].update(bytes=9),
        lambda said: said["disks"][0]["chunks"][0].update(sha256="no"),
        lambda said: said["disks"][0]["chunks"][0].update(stretches=[[-1, 8]]),
        lambda said: said["disks"][0]["chunks"][0].update(stretches=[[12, 8]]),
        lambda said: said["disks"][0].update(zeros=[[16, 1]]),
        lambda said: said["disks"][0].update(pool="a/b"),
        lambda said: said.update(format=2),
        lambda said: said.update(vm="x"),
        lambda said: said.update(parent={"directory": "../x", "snapshot": "a", "manifest_sha256": SHA}),
        lambda said: said["disks"].append(said["disks"][0]),
        lambda said: said.pop("disks"),
    ],
)
def test_what_no_export_can_have_written_is_not_believed(spoil: Callable[[Any], object]) -> None:
    said = json.loads(manifest().model_dump_json())
    spoil(said)
    with pytest.raises(ExportDamaged, match="manifest of out"):
        parse_manifest(json.dumps(said).encode(), "out")


def of(size: int, path: str = "vms/web", zeros: tuple[tuple[int, int], ...] = ()) -> Manifest:
    pool, _, volume = path.partition("/")
    disk = ExportedDisk(pool=pool, volume=volume, size=size, chunks=(), zeros=zeros)
    return manifest().but(disks=(disk,))


def test_a_disk_is_made_of_what_was_exported_since_it_was_whole() -> None:
    chain = [("a", of(8)), ("b", of(8, "vms/db")), ("c", of(8)), ("d", of(8, zeros=((0, 4),)))]
    assert parts_of(chain, chain[-1][1].disks[0]) == [(name, made.disks[0]) for name, made in chain[2:]]


def test_what_was_cut_off_is_zeros_from_there_on() -> None:
    big, small = 40 << 20, 4 << 20
    chain = [("a", of(big)), ("b", of(small, zeros=((0, 4),))), ("c", of(2 * big))]
    zeros = [part.zeros for _, part in parts_of(chain, chain[-1][1].disks[0])]
    rest = ((small, CHUNK_BYTES), (small + CHUNK_BYTES, CHUNK_BYTES), (small + 2 * CHUNK_BYTES, small))
    assert zeros == [(), ((0, 4), *rest), ()]
    huge = [("a", of(1 << 60)), ("b", of(small))]
    assert [part.zeros for _, part in parts_of(huge, huge[-1][1].disks[0])] == [(), ()]


def test_a_chunk_is_what_was_promised_or_it_is_named() -> None:
    chunk = manifest().disks[0].chunks[0]
    check_chunk("out", chunk, 8, SHA)
    for size, sha256 in ((7, SHA), (8, "1" * 64)):
        with pytest.raises(ExportDamaged, match="out/0/00000000"):
            check_chunk("out", chunk, size, sha256)


def test_a_definition_finds_its_volumes_and_its_storage_elsewhere() -> None:
    there = domain(
        "web", "vms/web", "<auth username='old'/>", "<host name='old'/><auth username='old'/><snapshot/>"
    )
    here = domain("shop", "ssd/shop", "<auth username='new'/>", "<host name='new'/>")
    found = rehomed(there, "copy", OTHER, {"vms/web": "ssd/copy-0"}, here)
    assert "old" not in found and found.count("new") == 2 and "<snapshot/>" in found
    assert "ssd/copy-0" in found and "<name>copy</name>" in found and OTHER in found
    alone = rehomed(there, "copy", OTHER, {}, None)
    assert "vms/web" in alone and alone.count("old") == 3
    assert has_rbd(there) and not has_rbd("<domain><name>a</name></domain>")
