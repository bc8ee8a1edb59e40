"""Flags of Ceph's OSDs, and whether data are placed on them."""

from __future__ import annotations

from uuid import uuid4

from pvc_core.errors import StorageRefused
from pvc_drivers.blocks.ceph_calls import CephCalls


class CephOsds(CephCalls):
    """Obeys `OsdChanges`."""

    def flags(self) -> list[str]:
        """Those that Ceph sets by itself are among them."""
        dump = self.call("flags", lambda: self.cluster.ask_monitors("osd dump"))
        return sorted(dump["flags_set"])

    def set_flag(self, flag: str) -> None:
        self.call(f"set {flag}", lambda: self.cluster.ask_monitors("osd set", key=flag))

    def unset_flag(self, flag: str) -> None:
        self.call(f"unset {flag}", lambda: self.cluster.ask_monitors("osd unset", key=flag))

    def put_in(self, osd: int) -> None:
        self.call(f"osd.{osd} in", lambda: self.cluster.ask_monitors("osd in", ids=[str(osd)]))

    def take_out(self, osd: int) -> None:
        self.call(f"osd.{osd} out", lambda: self.cluster.ask_monitors("osd out", ids=[str(osd)]))

    def why_not_destroy(self, osd: int) -> str:
        """The manager answers with what it found, or refuses where it cannot know."""
        try:
            found = self.call(
                "osd safe-to-destroy",
                lambda: self.cluster.ask_manager("osd safe-to-destroy", ids=[str(osd)]),
            )
        except StorageRefused as error:
            return error.message.removeprefix("Ceph refused ")
        if osd in found["safe_to_destroy"]:
            return ""
        if osd in found["missing_stats"]:
            return "osd safe-to-destroy: it is down, and not all placement groups are clean without it"
        return "osd safe-to-destroy: data are still on it"

    def stop_osd(self, osd: int) -> None:
        self.call(f"stop osd.{osd}", lambda: self.cluster.ask_monitors("osd stop", ids=[str(osd)]))

    def destroy_osd(self, osd: int) -> None:
        self.call(f"destroy osd.{osd}", lambda: self._give_up("osd destroy-actual", osd))

    def keep_place(self, osd: int, host: str, weight: float, device_class: str) -> None:
        """A host that stands elsewhere than under the root stays there."""

        def keep() -> None:
            ask, at = self.cluster.ask_monitors, [f"host={host}", "root=default"]
            if osd not in ask("osd ls"):
                ask("osd new", uuid=str(uuid4()), id=osd)
            ask("osd crush create-or-move", id=osd, weight=weight, args=at)
            if device_class:
                ask("osd crush set-device-class", **{"class": device_class, "ids": [str(osd)]})
            self._give_up("osd destroy-actual", osd)

        self.call(f"keep the place of osd.{osd}", keep)

    def purge_osd(self, osd: int) -> None:
        self.call(f"purge osd.{osd}", lambda: self._give_up("osd purge-actual", osd))

    def _give_up(self, prefix: str, osd: int) -> None:
        """Said to the monitors themselves, as the manager does: changing anything there is beyond PVC's key,
        and what it would ask first was asked before the OSD was stopped."""
        self.cluster.ask_monitors(prefix, id=osd, yes_i_really_mean_it=True)
