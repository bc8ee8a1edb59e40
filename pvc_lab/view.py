"""The lab as the machine shows it at one moment: who runs, what is switched off, what is cut."""

from __future__ import annotations

from pathlib import Path

from pvc_lab import network
from pvc_lab.layout import Layout
from pvc_lab.node import is_init
from pvc_lab.parts import Part
from pvc_lab.place import NodePlace
from pvc_lab.processes import LAB_MARK, PART_MARK, Process, all_processes, family


class View:
    """Read once; every answer is about that moment."""

    def __init__(self, layout: Layout) -> None:
        self._everybody = all_processes()
        self._ours = [one for one in self._everybody if one.marks.get(LAB_MARK) == str(layout.root)]
        self._cut = network.cut_links()

    def init_of(self, node: NodePlace) -> Process | None:
        return next((one for one in self._ours if is_init(one, node)), None)

    def is_on(self, node: NodePlace) -> bool:
        return self.init_of(node) is not None

    def is_cut(self, node: NodePlace) -> bool:
        return node.link in self._cut

    def processes_of(self, part: Part) -> list[Process]:
        """The part's processes, its main one first; empty when it is down."""
        marked = [one for one in self._ours if one.marks.get(PART_MARK) == part.mark]
        if part.pid_file is None:
            return _eldest_first(marked)
        return self._child(marked, _inner_pid(part.pid_file))

    def state_of(self, part: Part) -> str:
        """up, stopped, down or cut."""
        processes = self.processes_of(part)
        if not processes:
            return "down"
        if processes[0].stopped:
            return "stopped"
        return "cut" if part.node and self.is_cut(part.node) else "up"

    def _child(self, supervised: list[Process], inner_pid: int) -> list[Process]:
        """A pid file alone proves nothing: its process must be a child of this node's supervisor."""
        parents = {one.pid for one in supervised}
        for one in supervised:
            if one.inner_pid == inner_pid and one.parent in parents:
                return family(one, self._everybody)
        return []


def _eldest_first(processes: list[Process]) -> list[Process]:
    """Those whose parent is not among them come first."""
    pids = {one.pid for one in processes}
    return sorted(processes, key=lambda one: (one.parent in pids, one.started))


def _inner_pid(pid_file: Path) -> int:
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return 0
