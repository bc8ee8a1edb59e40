"""What is written for the parts to read."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from pvc_core.config import parse_config
from pvc_lab import libvirtd, product, redis, zookeeper
from pvc_lab.furnish import binds, commands, init_spec, render_hosts
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.spawn import Command

LAB = Layout(Path("/tmp/lab"), number=2, size=4)
HV1, _, _, HV4 = LAB.nodes


def properties(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in text.splitlines())}


@pytest.mark.parametrize("node", LAB.nodes, ids=lambda node: node.name)
def test_the_product_accepts_every_nodes_settings(node: NodePlace) -> None:
    written = yaml.safe_load(yaml.safe_dump(product.node_settings(LAB, node)))
    config = parse_config(written, "pvc.yaml")
    assert config.node is not None
    assert (config.node.name, config.node.address) == (node.name, node.address)
    assert config.node.coordinator == (node.name != "hv4")
    assert config.worker.run_directory == node.run


def test_the_product_accepts_the_apis_settings() -> None:
    config = parse_config(product.api_settings(LAB), "pvc.yaml")
    assert config.node is None
    assert (config.api.listen, config.api.port) == ("10.77.2.1", 7370)
    assert config.api.bootstrap_token_file == LAB.secret("bootstrap")
    assert config.redis.host == LAB.address


def test_all_settings_name_the_three_members() -> None:
    config = parse_config(product.node_settings(LAB, HV4), "pvc.yaml")
    assert config.zookeeper.hosts == ["10.77.2.11:2181", "10.77.2.12:2181", "10.77.2.13:2181"]


def test_a_member_knows_its_peers() -> None:
    config = properties(zookeeper.render(LAB, HV1))
    assert config["clientPortAddress"] == "10.77.2.11"
    assert [name for name in config if name.startswith("server.")] == ["server.1", "server.2", "server.3"]
    assert config["admin.enableServer"] == "false"


def test_a_lonely_member_is_no_ensemble() -> None:
    alone = Layout(Path("/tmp/lab"), size=1)
    assert "server." not in zookeeper.render(alone, alone.nodes[0])


def test_redis_keeps_its_password_off_the_command_line() -> None:
    text = redis.render(LAB, "s3cret")
    assert "requirepass s3cret\n" in text
    assert 'save ""\n' in text
    assert "s3cret" not in " ".join(redis.command_line(LAB))


def test_host_uuids_differ_between_nodes_and_between_labs() -> None:
    other = Layout(Path("/tmp/other"), size=4)
    uuids = {libvirtd.host_uuid(lab, node) for lab in (LAB, other) for node in lab.nodes}
    assert len(uuids) == 8
    assert libvirtd.host_uuid(LAB, HV1) in uuids


def test_libvirtd_listens_on_the_cluster_network() -> None:
    assert 'listen_addr = "10.77.2.11"' in libvirtd.render_daemon(LAB, HV1)
    assert 'migration_host = "10.77.2.11"' in libvirtd.render_qemu(HV1)


def test_a_missing_libvirt_user_is_added_once() -> None:
    once = libvirtd.passwd_with_libvirt("root:x:0:0::/root:/bin/sh\n")
    assert once.count("libvirt-qemu:") == 1
    assert libvirtd.passwd_with_libvirt(once) == once


def test_missing_groups_are_added_once() -> None:
    once = libvirtd.group_with_libvirt("root:x:0:\nkvm:x:107:\n")
    assert once.count("kvm:x:") == 1 and "\nlibvirt:x:" in once
    assert libvirtd.group_with_libvirt(once) == once


def test_every_node_resolves_every_name() -> None:
    lines = [line.split() for line in render_hosts(LAB).splitlines()]
    assert ["10.77.2.12", "hv2.pvc.lab", "hv2"] in lines
    assert len(lines) == 6


def test_a_node_starts_its_parts_with_the_labs_marks() -> None:
    made = {command.part: command for command in commands(LAB, HV1, with_product=True)}
    assert set(made) == {"zookeeper", "libvirtd", "supervisor"}
    assert made["libvirtd"].environment["PVC_LAB_PROCESS_PART"] == "hv1/libvirtd"
    assert [part for part, command in made.items() if command.respawn] == ["supervisor"]
    assert made["supervisor"].log == HV1.log / "worker.log"


def test_a_command_survives_its_file() -> None:
    for command in commands(LAB, HV1, with_product=True):
        assert Command.from_dict(command.as_dict()) == command


def test_no_secret_is_on_any_command_line() -> None:
    lines = [shlex.join(command.argv) for command in commands(LAB, HV1, with_product=True)]
    assert not [line for line in lines if "secret" in line]


def test_a_node_has_its_own_state_directories() -> None:
    targets = [target for _, target in binds(LAB, HV1)]
    assert {"/etc/libvirt", "/var/lib/libvirt", "/var/log", "/var/cache", "/etc/hosts"} <= set(targets)
    assert init_spec(LAB, HV1)["hostname"] == "hv1"
