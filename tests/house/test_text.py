"""Words that do not belong in the project."""

from __future__ import annotations

import re

import pytest
from source import ROOT, text_files

from pvc_core import errors

# Written in pieces, so that this file does not hold what it forbids.
FORBIDDEN = {
    "an unfinished place": re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
    "a registry's host": re.compile(r"(pypi\.or" + r"g|deb\.debian\.or" + r"g|npmjs\.co" + r"m)"),
    "a path of one machine": re.compile(r"/wor" + r"k/(main|shared)|/roo" + r"t/\."),
    "a shell": re.compile(r"shell=Tru" + r"e"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in text_files()
        if FORBIDDEN[what].search(path.read_text(errors="replace"))
    ]
    assert found == []


PRODUCT = {"pvc_core", "pvc_drivers", "pvc_tasks", "pvc_worker", "pvc_api"}
"""Where errors that the API may answer with are made."""


def test_every_error_has_a_code_of_its_own() -> None:
    classes = [found for found in _all_errors(errors.PvcError) if found.__module__.split(".")[0] in PRODUCT]
    codes = [found.code for found in classes]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[A-Z_]+", code) for code in codes)
    assert all(400 <= found.status < 600 for found in classes)


def _all_errors(base: type[errors.PvcError]) -> list[type[errors.PvcError]]:
    return [base, *(each for child in base.__subclasses__() for each in _all_errors(child))]
