"""A job process whose hypervisor never returns from a call: what its end looks like from outside."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from threading import Event

from cluster import DoorCluster

from pvc_core.model.operations import StartVm
from pvc_worker import jobs


def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    cluster = DoorCluster(Path(sys.argv[1]), nodes=1).start()
    uuid = cluster.define("vm1", "hv1")
    cluster.fleet.node("hv1").domain = lambda uuid: Event().wait()  # type: ignore[method-assign,assignment,return-value]
    cluster.submit(StartVm(vm=uuid))
    process = cluster.workers["hv1"]
    process.stuck_s = 0.3
    sys.exit(jobs._await_end(process, Event()))


main()
