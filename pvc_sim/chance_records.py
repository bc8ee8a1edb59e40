"""Random requests that change what is recorded of VMs: definitions, names, metadata, tags, hardware."""

from __future__ import annotations

from random import Random

from pvc_sim.given import Given, GivenVm, uuid_of, xml_of

NEW = ("new1", "new2")
"""Names of VMs that are not given."""

SIZES = (256, 512, 1024)
VOLUMES = ("vms/a", "vms/b")
NETWORKS = ("br0", "br1")
TAGS = ("apart:x", "together:x", "plain")


def names(given: Given) -> list[str]:
    """By which a VM may be meant."""
    return [*given.vms, *NEW]


def make_files(chance: Random, given: Given) -> dict[str, str]:
    """For each name a definition of another VM, and one to replace that of whoever has the name."""
    files = {}
    for name in names(given):
        sizes = [chance.choice(SIZES) for _ in range(2)]
        other, same = (xml_of(name, GivenVm(node="any", memory_mib=size)) for size in sizes)
        files[f"{name}.xml"] = other.replace(uuid_of(name), uuid_of(f"another {name}"))
        files[f"{name}.changed.xml"] = same.replace(f"<uuid>{uuid_of(name)}</uuid>", "")
    return files


def _name(chance: Random, given: Given) -> str:
    return chance.choice(names(given))


def _nodes(chance: Random, given: Given) -> str:
    some = chance.sample(sorted(given.nodes), chance.randint(1, len(given.nodes)))
    return ",".join(sorted(some))


def define(chance: Random, given: Given) -> str:
    said = chance.choice(("", " --autorestart", f" --node-limit {_nodes(chance, given)}", " --post-copy"))
    return f"vm define {_name(chance, given)}.xml{said}"


def rename(chance: Random, given: Given) -> str:
    return f"vm rename {_name(chance, given)} {_name(chance, given)}"


def change_metadata(chance: Random, given: Given) -> str:
    said = chance.choice(
        (
            f"--node-limit {_nodes(chance, given)}",
            "--reset node_limit",
            f"--{chance.choice(('', 'no-'))}autorestart",
            f"--migration-method {chance.choice(('live', 'shutdown', 'none'))}",
            f"--on-shutdown-timeout {chance.choice(('leave', 'stop'))}",
            f"--node-selector {chance.choice(('mem', 'memprov', 'vcpus', 'vms'))}",
            f"--{chance.choice(('', 'no-'))}restart-on-crash",
        )
    )
    return f"vm meta {_name(chance, given)} {said}"


def change_tags(chance: Random, given: Given) -> str:
    verb = chance.choice(("add", "add", "remove"))
    return f"vm tag {verb} {_name(chance, given)} {chance.choice(TAGS)}"


def edit(chance: Random, given: Given) -> str:
    name, verb = _name(chance, given), chance.choice(("add", "remove"))
    what = chance.choice(
        (
            f"vcpu set {name} {chance.randint(1, 4)}",
            f"memory set {name} {chance.choice(SIZES)}",
            f"volume {verb} {name} {chance.choice(VOLUMES)}",
            f"network {verb} {name} {chance.choice(NETWORKS)}",
            f"modify {name} {name}.changed.xml",
        )
    )
    return f"vm {what}{chance.choice(('', '', ' --no-live')) if not what.startswith('modify') else ''}"
