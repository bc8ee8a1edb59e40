"""What every place for exports keeps: a directory and S3, one set of tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from export_homes import REAL, Home, made

from pvc_core.errors import NotFound
from pvc_core.model.export import BEGUN, CHUNK_BYTES, MANIFEST
from pvc_drivers.exports.directory import DirectoryExports
from pvc_drivers.exports.port import ExportFailed, Exports

CHUNK = "0/00000000.chunk"


@pytest.fixture(scope="module", params=["directory", "fake", pytest.param("ceph", marks=REAL)])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with made(request.param, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def exports(home: Home, tmp_path: Path) -> Exports:
    return home.exports(tmp_path)


def test_what_is_not_there(exports: Exports) -> None:
    assert exports.names() == []
    assert exports.find("out", MANIFEST) is None and exports.sha256("out", MANIFEST) is None
    with pytest.raises(NotFound, match=r"out has no manifest\.json"):
        exports.load("out", MANIFEST)
    exports.clear_drafts("out")


def test_what_is_put_is_there_with_its_checksum(exports: Exports) -> None:
    sha256 = exports.put("out", CHUNK, iter([b"one", b"", b"two"]))
    assert sha256 == hashlib.sha256(b"onetwo").hexdigest() == exports.sha256("out", CHUNK)
    assert exports.load("out", CHUNK) == b"onetwo" == exports.find("out", CHUNK)
    assert exports.find("out", MANIFEST) is None and exports.find("other", CHUNK) is None


def test_nothing_and_much(exports: Exports) -> None:
    exports.put("out", MANIFEST, [])
    assert exports.find("out", MANIFEST) == b"" and exports.sha256("out", MANIFEST) is not None
    part = bytes(range(256)) * 4096
    sha256 = exports.put("out", CHUNK, [part] * (CHUNK_BYTES // len(part)))
    assert exports.sha256("out", CHUNK) == sha256 == hashlib.sha256(exports.load("out", CHUNK)).hexdigest()


def test_what_is_put_again_is_replaced(exports: Exports) -> None:
    exports.put("out", MANIFEST, [b"a long first one"])
    sha256 = exports.put("out", MANIFEST, [b"second"])
    assert exports.load("out", MANIFEST) == b"second" and exports.sha256("out", MANIFEST) == sha256


def test_a_writer_that_is_stopped_leaves_nothing_of_it(exports: Exports) -> None:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise InterruptedError

    exports.put("out", MANIFEST, [b"whole"])
    for file in (CHUNK, MANIFEST):
        with pytest.raises((InterruptedError, ExportFailed)):
            exports.put("out", file, parts())
    exports.clear_drafts("out")
    assert exports.find("out", CHUNK) is None and exports.load("out", MANIFEST) == b"whole"


def test_of_several_who_begin_all_hear_of_the_first(exports: Exports) -> None:
    assert exports.put_first("out", BEGUN, b"first") == b"first"
    assert exports.put_first("out", BEGUN, b"second") == b"first" == exports.load("out", BEGUN)
    words = [f"at once {number}".encode() for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        heard = set(pool.map(lambda word: exports.put_first("race", BEGUN, word), words))
    assert heard == {exports.load("race", BEGUN)} and heard <= set(words)


def test_names_are_those_of_exports(exports: Exports) -> None:
    names = ["a", "b.c", "out-1", "out_2", "z"]
    for name in reversed(names):
        exports.put(name, CHUNK, [b"x"])
        exports.put(name, MANIFEST, [b"x"])
    assert exports.names() == names


def test_what_is_larger_than_any_chunk_is_not_read(exports: Exports) -> None:
    exports.put("out", CHUNK, [b"x" * CHUNK_BYTES, b"x"])
    with pytest.raises(ExportFailed, match="larger"):
        exports.find("out", CHUNK)


def test_it_tells_where(exports: Exports) -> None:
    assert exports.where("out") == exports.where() + "out" or exports.where("out") == f"{exports.where()}/out"


@pytest.mark.parametrize(
    ("export", "file"),
    [
        ("../out", MANIFEST),
        ("a/b", MANIFEST),
        (".hidden", MANIFEST),
        ("out", "../x"),
        ("out", "x"),
        ("", MANIFEST),
    ],
)
def test_no_name_leads_elsewhere(exports: Exports, export: str, file: str) -> None:
    with pytest.raises(ExportFailed):
        exports.put(export, file, [b"x"])
    for look in (exports.find, exports.sha256, exports.load):
        with pytest.raises(ExportFailed):
            look(export, file)
    assert exports.names() == []


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe keeps whoever reads it waiting, some devices never end."""
    out = tmp_path / "out"
    out.mkdir()
    os.mkfifo(out / MANIFEST)
    (out / "domain.xml").mkdir()
    exports = DirectoryExports(tmp_path)
    for file in (MANIFEST, "domain.xml"):
        with pytest.raises(ExportFailed, match="no file"):
            exports.find("out", file)
