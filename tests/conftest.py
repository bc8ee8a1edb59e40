"""How the tests are dealt out to processes that run side by side (`script/test`)."""

from __future__ import annotations

import pytest

EACH_ALONE = "scenario"
"""The room whose tests share nothing, not even within a file."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together, and so do all that share the lab's one cluster."""
    for item in items:
        if item.path.parent.name != EACH_ALONE:
            shared = "running" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group("the lab's cluster" if shared else str(item.path)))
