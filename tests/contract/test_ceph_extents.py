"""What of a large image was ever written is asked for in parts, each within the time limit of a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rbd", reason="Ceph's bindings are not installed")

from pvc_drivers.blocks.ceph_content import LOOK, PART, CephSource

SIZE = 2 * LOOK + PART + 512


class Image:
    """Without an object map: one object of each part was written, and the last one."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def size(self) -> int:
        return SIZE

    def diff_iterate(self, at: int, length: int, since: None, note: Callable[..., None], *how: bool) -> None:
        assert since is None and how == (True, True)
        self.asked.append((at, length))
        note(at, PART, True)
        note(at + PART, length - PART, False)
        if at + length == SIZE:
            note(SIZE - 512, 512, True)


def test_no_call_is_about_more_than_one_part() -> None:
    image, calls = Image(), []

    def ask(what: str, look: Callable[[], Any]) -> Any:
        calls.append(what)
        return look()

    found = CephSource(image, "vms/big", ask).extents()
    assert found == [(0, PART), (LOOK, PART), (2 * LOOK, PART), (SIZE - 512, 512)]
    assert image.asked == [(0, LOOK), (LOOK, LOOK), (2 * LOOK, PART + 512)]
    assert calls == ["extents of vms/big"] * 3
