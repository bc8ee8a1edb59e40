"""Whether daemons of Ceph may stop, and `noout` for those of one host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pvc_core.errors import StorageRefused
from pvc_core.model.storage import Monitor
from pvc_drivers.blocks import ceph_words
from pvc_drivers.blocks.ceph_calls import CephCalls

FLAG = "noout"


class CephGates(CephCalls):
    """Obeys `Gates`."""

    def monitors(self) -> list[Monitor]:
        return self.call("monitors", lambda: ceph_words.read_monitors(self.cluster.ask_monitors("mon dump")))

    def why_not_stop(self, osds: Sequence[int], monitors: Sequence[str]) -> list[str]:
        """Ceph judges the OSDs and the monitors apart, each as if all that are named stopped at once."""
        ids = [str(number) for number in osds]
        found = [_objection(lambda: self._ask_osds_may_stop(ids))] if ids else []
        found += [_objection(lambda: self._ask_monitors_may_stop(list(monitors)))] if monitors else []
        return [why for why in found if why]

    def hold_osds(self, host: str) -> None:
        self.call(f"hold {host}", lambda: self._set_group("osd set-group", host))

    def release_osds(self, host: str) -> None:
        """Ceph forgets the flags of a host together with the host, and then does not know it any more."""
        if host in self.held_hosts():
            self.call(f"release {host}", lambda: self._set_group("osd unset-group", host))

    def held_hosts(self) -> list[str]:
        def look() -> list[str]:
            flags: dict[str, list[str]] = self.cluster.ask_monitors("osd dump").get("crush_node_flags", {})
            return sorted(host for host, held in flags.items() if FLAG in held)

        return self.call("flags of hosts", look)

    def _set_group(self, prefix: str, host: str) -> None:
        self.cluster.ask_monitors(prefix, flags=FLAG, who=[host])

    def _ask_osds_may_stop(self, ids: list[str]) -> Any:
        return self.call("osd ok-to-stop", lambda: self.cluster.ask_manager("osd ok-to-stop", ids=ids))

    def _ask_monitors_may_stop(self, names: list[str]) -> Any:
        return self.call("mon ok-to-stop", lambda: self.cluster.ask_monitors("mon ok-to-stop", ids=names))


def _objection(ask: Callable[[], Any]) -> str:
    """In Ceph's words; empty if it has none."""
    try:
        ask()
    except StorageRefused as error:
        return error.message.removeprefix("Ceph refused ")
    return ""
