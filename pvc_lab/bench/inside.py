"""Run inside a node: an agent's first look, beside the floor of one bulk query and one pipelined read."""

from __future__ import annotations

import json
import sys
from statistics import median

from pvc_core.config import Config, load_config
from pvc_core.store import tree
from pvc_drivers.hypervisor.libvirt_home import LibvirtHypervisor
from pvc_lab.bench.door import timed
from pvc_tasks.connect import build_world
from pvc_tasks.world import World
from pvc_worker.reporter import Reporter

SAMPLES = 11


def main(path: str) -> None:
    config = load_config(path)
    world, hypervisor = build_world(config), _hypervisor(config)
    start, floor = [], []
    for number in range(SAMPLES):
        floor.append(timed(lambda: _floor(world, hypervisor)))
        fresh = Reporter(world, _name(config), hypervisor, f"bench{number}", lambda: 0.0)
        start.append(timed(fresh.report))
    sys.stdout.write(json.dumps({"start": median(start), "floor": median(floor)}) + "\n")
    world.store.home.close()


def _name(config: Config) -> str:
    assert config.node is not None
    return config.node.name


def _hypervisor(config: Config) -> LibvirtHypervisor:
    return LibvirtHypervisor(config.hypervisor.uri, config.hypervisor.keepalive_s)


def _floor(world: World, hypervisor: LibvirtHypervisor) -> None:
    hypervisor.domains()
    store = world.store
    nodes, vms = store.names_many([tree.NODES, tree.VMS])
    store.find_many([tree.vm_spec(uuid) for uuid in vms])
    store.find_many([tree.node_report(name) for name in nodes])


if __name__ == "__main__":
    main(sys.argv[1])
