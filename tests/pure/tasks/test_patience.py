"""For how long what is closing still is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from pvc_tasks.context import Context
from pvc_tasks.operations.held_disks import open_since


@dataclass
class Looking:
    """What is used of a context."""

    now: float = 1.0
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> SimpleNamespace:
        return SimpleNamespace(notes=self.notes)

    def remember(self, **notes: Any) -> None:
        self.notes.update(notes)


def test_what_is_open_later_has_its_own_time() -> None:
    looking = Looking()
    ctx = cast(Context, looking)
    assert open_since(ctx, "open", False) == 1.0 and looking.notes == {}
    assert open_since(ctx, "open", True) == 1.0
    looking.now = 40.0
    assert open_since(ctx, "open", True) == 1.0
    open_since(ctx, "open", False)
    looking.now = 90.0
    assert open_since(ctx, "open", True) == 90.0
