"""The commands: complete, derived from the operations, and explained with an example each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pvc_cli.main import NOUNS, main
from pvc_core.model.operations import OPERATIONS, Operation

WANTED = {
    "cluster": {"init"},
    "node": {"list", "info", "flush", "ready"},
    "vm": {
        "define",
        "meta",
        "tag",
        "modify",
        "rename",
        "vcpu",
        "memory",
        "network",
        "volume",
        "list",
        "info",
        "dump",
        "start",
        "shutdown",
        "stop",
        "undefine",
        "migrate",
    },
    "task": {"list", "info", "log", "wait", "cancel"},
    "connection": {"add", "list", "remove"},
}


def noun(name: str) -> Any:
    return main.get_command(click.Context(main), name)


def verbs() -> Iterator[tuple[str, click.Command]]:
    for name in NOUNS:
        yield from _verbs(name, noun(name))


def _verbs(name: str, found: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(found, click.Group):
        yield name, found
        return
    for verb, command in found.commands.items():
        yield from _verbs(f"{name} {verb}", command)


VERBS = dict(verbs())


FAMILIAR = {
    "node list": "-ds -cs -vs -f",
    "node info": "-f",
    "node log": "-l -f",
    "node flush": "-w",
    "node ready": "-w",
    "vm define": "-t --target -l --limit -s --node-selector -a -A -m --method -d --max-downtime -g --tag -G "
    "--protected-tag",
    "vm meta": "-l -s -a -A -m -d",
    "vm restart": "-w",
    "vm shutdown": "-w",
    "vm move": "-t -w --force-live",
    "vm migrate": "-t -f -w --force-live",
    "vm unmigrate": "-w --force-live",
    "vm flush-locks": "--wait",
    "vm snapshot export": "-i --incremental",
    "vm tag add": "-p --protected",
    "vm vcpu set": "-t --topology -r",
    "vm memory set": "-r",
    "vm modify": "-e --editor -r --restart -d --confirm-diff --confirm-restart -y",
    "vm disable": "--force",
    "vm remove": "-y",
    "vm network add": "-a --macaddr -m --model -l -L",
    "vm network remove": "-m --mac-address -l -L",
    "vm volume add": "-d --disk-id -b --bus -t --type -l -L",
    "vm volume remove": "-l -L",
    "vm log": "-l -f",
    "vm dump": "-f --file",
    "vm info": "-f",
    "vm list": "-t --target -s --state -g --tag -n --negate -f",
    "storage ceph pool add": "-t --tier --replcfg",
    "storage ceph volume list": "-p -f",
    "storage ceph volume resize": "-f",
    "storage ceph volume upload": "-f",
}
"""What PVC users have in their fingers, beside our own names."""


def options(command: click.Command) -> set[str]:
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)}


@pytest.mark.parametrize("name", FAMILIAR)
def test_familiar_options_are_there(name: str) -> None:
    assert options(VERBS[name]) >= set(FAMILIAR[name].split())


@pytest.mark.parametrize("name", VERBS)
def test_no_option_means_two_things(name: str) -> None:
    """Click takes the last that claims a name, and says nothing."""
    each = [option for param in VERBS[name].params for option in (*param.opts, *param.secondary_opts)]
    assert sorted(each) == sorted(set(each))


@pytest.mark.parametrize("name", WANTED)
def test_each_noun_has_its_verbs(name: str) -> None:
    assert set(noun(name).commands) >= WANTED[name]


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.url])
def test_each_operation_has_a_command_with_its_fields(operation: type[Operation]) -> None:
    command = VERBS[operation.name.replace("storage.", "storage.ceph.").replace(".", " ")]
    names = {param.name for param in command.params}
    assert operation.model_fields.keys() <= names
    assert "reason" in names
    assert ("wait" in names) is not operation.immediate
    assert ("yes" in names) is bool(operation.destructive or operation.destructive_with)


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_is_explained_with_an_example(name: str) -> None:
    shown = CliRunner().invoke(main, [*name.split(), "--help"], prog_name="pvc")
    assert shown.exit_code == 0
    assert "Example: pvc" in shown.output
    assert {"--format", "--connection"} <= options(VERBS[name])
    assert not [name for name in options(VERBS[name]) if name == "--token"]


def test_bounds_choices_and_defaults_are_in_the_help() -> None:
    text = CliRunner().invoke(main, ["node", "flush", "--help"]).output
    assert "[leave|shutdown|stop]" in text
    assert "[default: leave]" in text
    assert "1<=x<=64" in text


def test_an_alias_is_named_in_the_help() -> None:
    assert "unflush is another word for ready." in CliRunner().invoke(main, ["node", "--help"]).output


def test_nothing_at_all_shows_the_help() -> None:
    shown = CliRunner().invoke(main, [])
    assert shown.exit_code == 2
    assert "Commands:" in shown.output


@pytest.mark.parametrize(
    "words", [["nonsense"], ["node", "nonsense"], ["node", "flush"], ["--format", "xml"]]
)
def test_a_wrong_command_line_has_a_remedy(words: list[str]) -> None:
    shown = CliRunner().invoke(main, words, prog_name="pvc")
    assert shown.exit_code == 2
    assert shown.stderr.startswith("error: ")
    assert "remedy: See `pvc" in shown.stderr


def test_a_number_says_what_it_counts() -> None:
    migrate = CliRunner().invoke(main, ["vm", "migrate", "--help"]).output
    assert "--deadline SECONDS" in migrate and "--bandwidth-mib MIB/S" in migrate
    assert "--shutdown-timeout SECONDS" in CliRunner().invoke(main, ["vm", "meta", "--help"]).output
    assert "--timeout SECONDS" in CliRunner().invoke(main, ["vm", "shutdown", "--help"]).output
