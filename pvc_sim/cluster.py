"""A whole pretend cluster."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pvc_core.config import Config
from pvc_core.decide.wave import Limits
from pvc_core.model.operations import DefineVm, InitCluster
from pvc_core.model.vm import Wanted
from pvc_core.store import tree
from pvc_core.store.ensemble import MemoryTree
from pvc_drivers.hypervisor.fake import FakeFleet
from pvc_sim.broker import Broker
from pvc_sim.given import Given, GivenVm, check_given, config_of, uuid_of, xml_of
from pvc_sim.kernel import Kernel
from pvc_sim.machine import PARTS, Machine
from pvc_sim.part import Door, NodeClock, Surroundings
from pvc_sim.timeline import Line, Timeline
from pvc_sim.witness import Witness
from pvc_tasks.ids import new_job_id
from pvc_tasks.service import Asker, Service
from pvc_worker.registration import register_node


class SimCluster:
    """Built at second 0 as `given.yaml` has it; then its processes start."""

    def __init__(self, given: Given, listener: Callable[[Line], None] | None = None) -> None:
        check_given(given)
        self.given, self.config = given, config_of(given)
        self.kernel, self.tree = Kernel(), MemoryTree()
        self.fleet = FakeFleet(_Clock(self.kernel), given.migration_s, given.shutdown_s)
        self.timeline = Timeline(None)
        self.witness = Witness(
            self.kernel, self.tree, self.fleet, self.timeline, self.stir, _limits(self.config)
        )
        self.broker = Broker(self.kernel, given.seed)
        self.around = Surroundings(
            self.kernel,
            self.tree,
            self.broker,
            self.witness,
            self._new_id,
            given.seed,
            {name: node.load for name, node in given.nodes.items()},
        )
        self.zookeeper_up = True
        self._ids = 0
        self._owed: list[tuple[Door, Callable[[], bool]]] = []
        self._armed: float | None = None
        self.api = Door(self.around, "api", "api", self.config, NodeClock(self.kernel))
        self.service = Service(self.api.world)
        self.machines: dict[str, Machine] = {}
        self._build()
        self.fleet.start_s = given.start_s
        self.witness.wake()
        self.timeline.listen(listener)

    def start(self) -> None:
        """Have every process started when the kernel runs."""
        for machine in self.machines.values():
            for part in PARTS:
                self.kernel.after(0, partial(machine.start, part))

    def stir(self) -> None:
        """Something may be due at the hypervisors at another time than before."""
        due = self.fleet.next_event_at()
        if due is not None and (self._armed is None or due < self._armed):
            self._armed = due
            self.kernel.at(due, self._settle)

    def forget_session(self, door: Door, still: Callable[[], bool]) -> None:
        """End a process's session after its timeout, if that is `still` due."""
        number = door.home.number()
        due = partial(self._expire, door, number, still)
        self.kernel.after(self.config.zookeeper.session_timeout_s, due)

    def zookeeper_down(self) -> None:
        self.zookeeper_up = False
        self.tree.down()

    def zookeeper_back(self) -> None:
        """Sessions have their whole timeout again."""
        self.zookeeper_up = True
        self.tree.up()
        owed, self._owed = self._owed, []
        for door, still in owed:
            self.forget_session(door, still)

    def _expire(self, door: Door, number: int | None, still: Callable[[], bool]) -> None:
        if number is None or number != door.home.number() or not still():
            return
        if self.zookeeper_up:
            door.home.expire()
        else:
            self._owed.append((door, still))

    def _settle(self) -> None:
        self._armed = None
        self.fleet.settle()
        self.witness.look()
        self.stir()

    def _new_id(self, now: float) -> str:
        self._ids += 1
        return f"{new_job_id(now)[:16]}{self._ids:08d}"

    def _build(self) -> None:
        self.service.submit(InitCluster(), Asker("sim"))
        for name, given in self.given.nodes.items():
            config = config_of(self.given, name)
            fake = self.fleet.add(name, f"{name}.sim", given.memory_mib, given.vcpus)
            self.machines[name] = Machine(self.around, name, config, fake, self.forget_session)
            assert config.node is not None
            register_node(self.api.world, config.node)
            seen = self.api.world.store.load(tree.node_spec(name))
            self.api.world.store.commit(seen.save(seen.value.but(state=given.state)))
        for name, vm in self.given.vms.items():
            self._define(name, vm)

    def _define(self, name: str, vm: GivenVm) -> None:
        store, uuid, xml = self.api.world.store, uuid_of(name), xml_of(name, vm)
        said = {field: getattr(vm.metadata, field) for field in vm.metadata.model_fields_set}
        self.service.submit(DefineVm(xml=xml, node=vm.node, **said), Asker("sim"))
        seen = store.load(tree.vm_spec(uuid))
        if vm.state is Wanted.START:
            self.fleet.node(vm.node).start(xml)
        spec = seen.value.but(state=vm.state, previous_node=vm.previous_node)
        store.commit(seen.save(spec))


def _limits(config: Config) -> Limits:
    migration = config.hypervisor.migration
    return Limits(migration.parallel_out, migration.parallel_in, migration.parallel_cluster)


class _Clock:
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def now(self) -> float:
        return self._kernel.now
