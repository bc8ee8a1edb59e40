"""Run inside a node: an agent's first look, beside the floor of one bulk query and one pipelined read."""

from __future__ import annotations

import json
import sys
from statistics import median

from pvc_core.config import Config, load_config, read_secret
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.zookeeper import ZookeeperHome
from pvc_drivers.hypervisor.libvirt_home import LibvirtHypervisor
from pvc_lab.bench.door import timed
from pvc_tasks.connect import build_world
from pvc_worker.reporter import Reporter
from pvc_worker.storage_client import StorageClient
from pvc_worker.threads import Threads

SAMPLES = 11


def main(path: str) -> None:
    config = load_config(path)
    hypervisor, store = _hypervisor(config), _plain_store(config)
    start, floor = [], []
    for number in range(SAMPLES):
        floor.append(timed(lambda: _floor(store, hypervisor)))
        start.append(_start(config, hypervisor, f"bench{number}"))
    sys.stdout.write(json.dumps({"start": median(start), "floor": median(floor)}) + "\n")
    store.home.close()


def _start(config: Config, hypervisor: LibvirtHypervisor, incarnation: str) -> float:
    """Each with a memory of its own, which is empty; connected before the clock runs."""
    world = build_world(config)
    world.store.home.sync()
    storage = StorageClient(world.blocks)
    took = timed(Reporter(world, _name(config), hypervisor, incarnation, Threads(), storage).report)
    world.store.home.close()
    return took


def _plain_store(config: Config) -> Store:
    return Store(ZookeeperHome(config.zookeeper, read_secret(config.zookeeper.password_file)))


def _name(config: Config) -> str:
    assert config.node is not None
    return config.node.name


def _hypervisor(config: Config) -> LibvirtHypervisor:
    return LibvirtHypervisor(config.hypervisor.uri, config.hypervisor.keepalive_s)


def _floor(store: Store, hypervisor: LibvirtHypervisor) -> None:
    hypervisor.domains()
    nodes, vms = store.names_many([tree.NODES, tree.VMS])
    store.find_many([tree.vm_spec(uuid) for uuid in vms])
    store.find_many([tree.node_report(name) for name in nodes])


if __name__ == "__main__":
    main(sys.argv[1])
