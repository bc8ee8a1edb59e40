"""A parent that appears between the two looks of `watch_children` is not overlooked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kazoo.exceptions import NoNodeError

from pvc_core.config import ZookeeperSection
from pvc_core.store.zookeeper import ZookeeperHome


class Answer:
    def __init__(self, value: Any) -> None:
        self.value = value

    def get(self, timeout: float) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Racing:
    """A client: no node at first, but `exists` finds it already."""

    def __init__(self) -> None:
        self.children = [NoNodeError(), ["b", "a"]]

    def get_children_async(self, _path: str, watch: object) -> Answer:
        return Answer(self.children.pop(0))

    def exists_async(self, _path: str, watch: object) -> Answer:
        return Answer(object())


def test_a_parent_that_appears_meanwhile_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    config = ZookeeperSection(hosts=["127.0.0.1:1"], password_file=Path("/unused"))
    home = ZookeeperHome(config, "secret")
    racing = Racing()
    monkeypatch.setattr(home._link, "client", lambda: racing)
    assert home.watch_children("/vm", lambda: None) == ("a", "b")
