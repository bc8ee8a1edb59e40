"""What makes the command line pleasant: Tab, colours where they belong, both directions of a flag."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_service import FakeService

from pvc_cli import connections
from pvc_cli.main import main
from pvc_cli.width import cells
from pvc_core.model.groups import TagRule
from pvc_core.model.metadata import Tag
from pvc_core.model.operations import AddVmTag, DefineVm, MetaVm, MigrateVm, RemoveVmTag

Run = Callable[..., Result]


def tab(*words: str) -> list[str]:
    """What bash would offer for the last word."""
    line = {"COMP_WORDS": " ".join(["pvc", *words]), "COMP_CWORD": str(len(words))}
    shown = CliRunner().invoke(main, [], env={"_PVC_COMPLETE": "bash_complete", **line}, prog_name="pvc")
    return [offer.partition(",")[2] for offer in shown.output.split()]


@pytest.fixture
def tagged(fake: FakeService) -> FakeService:
    (view,) = fake.all_vms
    tags = (Tag(name="shop"), Tag(name="prod", protected=True))
    fake.all_vms = [view.but(spec=view.spec.but(tags=tags))]
    return fake


def test_tab_completes_names_of_vms_nodes_tasks_tags_and_connections(pvc: Run, tagged: FakeService) -> None:
    pvc("vm", "start", "web1")
    (job,) = tagged.all_jobs
    assert tab("vm", "start", "w") == ["web1"]
    assert tab("vm", "start", "x") == []
    assert tab("node", "flush", "") == ["hv1", "hv2"]
    assert tab("vm", "migrate", "web1", "--target", "hv2") == ["hv2"]
    assert tab("vm", "meta", "web1", "--node-limit", "") == ["hv1", "hv2"]
    assert tab("task", "wait", "2026") == [job]
    assert tab("vm", "tag", "remove", "web1", "p") == ["prod"]
    assert tab("vm", "list", "--tag", "") == ["prod", "shop"]
    assert tab("-c", "t") == ["test"]
    assert tab("vm", "sta") == ["start"]
    assert tab("vm", "meta", "web1", "--reset", "max") == ["max-downtime-ms"]


def test_tab_completes_the_words_of_filters_without_asking_anybody(home: Path) -> None:
    assert tab("vm", "list", "--state", "st") == ["start", "stop"]
    assert tab("vm", "list", "--state", "o") == ["off"]
    assert tab("task", "list", "--state", "un") == ["unfinished"]
    assert tab("task", "list", "--operation", "node.") == ["node.flush", "node.ready"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://192.0.2.1:7370"])
def test_tab_is_silent_and_quick_when_nobody_answers(home: Path, address: str) -> None:
    connections.add("away", connections.Connection(address, "x"))
    began = time.monotonic()
    assert tab("vm", "start", "") == []
    assert time.monotonic() - began < 4


def test_tab_is_silent_without_a_connection_or_with_a_wrong_token(home: Path, address: str) -> None:
    assert tab("vm", "start", "") == []
    connections.add("bad", connections.Connection(address, "wrong"))
    assert tab("vm", "start", "") == []


def test_meta_sends_what_was_given_and_no_more(pvc: Run, fake: FakeService) -> None:
    words = ("--no-autorestart", "--node-limit", "hv1,hv2", "--reset", "shutdown-timeout")
    assert pvc("vm", "meta", "web1", *words).exit_code == 0
    limit, reset = ("hv1", "hv2"), ("shutdown_timeout_s",)
    assert fake.asked[0][0] == MetaVm(vm="web1", autorestart=False, node_limit=limit, reset=reset)
    assert fake.asked[0][0].fields().keys() == {"vm", "autorestart", "node_limit", "reset"}


def test_commas_separate_words_of_a_choice_as_well(pvc: Run, fake: FakeService) -> None:
    assert pvc("vm", "meta", "web1", "--reset", "node-limit,autorestart").exit_code == 0
    assert pvc("vm", "migrate", "web1", "--despite", "apart,together").exit_code == 0
    meta, migrate = (operation for operation, _ in fake.asked)
    assert isinstance(meta, MetaVm) and meta.reset == ("node_limit", "autorestart")
    assert isinstance(migrate, MigrateVm) and migrate.despite == (TagRule.APART, TagRule.TOGETHER)
    wrong = pvc("vm", "migrate", "web1", "--despite", "apart,asunder")
    assert wrong.exit_code == 2 and "asunder" in wrong.stderr


def test_short_and_familiar_names_say_the_same(pvc: Run, fake: FakeService) -> None:
    short = ("-l", "hv1,hv2", "-s", "vms", "-A", "-m", "none", "-d", "50")
    long = ("--limit", "hv1", "--limit", "hv2", "--node-selector", "vms", "--no-autorestart")
    assert pvc("vm", "meta", "web1", *short).exit_code == 0
    assert pvc("vm", "meta", "web1", *long, "--method", "none", "--max-downtime", "50").exit_code == 0
    assert fake.asked[0][0] == fake.asked[1][0]
    assert pvc("vm", "migrate", "web1", "-t", "hv2", "-f").exit_code == 0
    assert fake.asked[2][0] == MigrateVm(vm="web1", target="hv2", force=True)


def test_meta_takes_tags_as_define_does(pvc: Run, fake: FakeService) -> None:
    assert pvc("vm", "meta", "web1", "--tag", "shop,front", "-G", "prod").exit_code == 0
    tags = (Tag(name="shop"), Tag(name="front"), Tag(name="prod", protected=True))
    assert fake.asked[0][0] == MetaVm(vm="web1", tags=tags)


def test_a_number_of_nothing_is_sent_and_refused(pvc: Run, fake: FakeService) -> None:
    assert pvc("vm", "meta", "web1", "--max-downtime-ms", "0").exit_code == 2
    assert pvc("vm", "meta", "web1").exit_code == 2
    assert fake.asked == []


def test_define_takes_tags_of_both_kinds(pvc: Run, fake: FakeService, tmp_path: Path) -> None:
    file = tmp_path / "web1.xml"
    file.write_text("<domain/>")
    shown = pvc("vm", "define", str(file), "--tag", "shop,front", "-G", "prod")
    assert shown.exit_code == 0, shown.output
    asked = fake.asked[0][0]
    assert isinstance(asked, DefineVm)
    assert asked.tags == (Tag(name="shop"), Tag(name="front"), Tag(name="prod", protected=True))
    assert pvc("vm", "define", str(file), "--tag", "a", "--protected-tag", "a").exit_code == 2


def test_tags_are_listed_and_filtered(pvc: Run, tagged: FakeService) -> None:
    assert [line.split() for line in pvc("vm", "tag", "get", "web1").output.splitlines()[1:]] == [
        ["shop", "no"],
        ["prod", "yes"],
    ]
    assert "shop, prod (protected)" in pvc("vm", "info", "web1").output
    assert "web1" in pvc("vm", "list", "--tag", "sh*").output
    assert pvc("vm", "list", "--tag", "data").output == "no VM matches\n"
    assert pvc("vm", "list", "--tag", "shop", "--negate").output == "no VM matches\n"
    assert pvc("vm", "list", "--negate").exit_code == 2


def test_tags_are_put_on_and_taken_off(pvc: Run, fake: FakeService) -> None:
    assert pvc("vm", "tag", "add", "web1", "rack=7", "--protected").exit_code == 0
    assert pvc("vm", "tag", "remove", "web1", "rack=7", "--force", "-y", "--reason", "moved").exit_code == 0
    assert pvc("vm", "tag", "add", "web1", "a/b").exit_code == 2
    assert pvc("vm", "tag", "remove", "web1", "..").exit_code == 2
    asked = [operation for operation, _ in fake.asked]
    assert asked == [
        AddVmTag(vm="web1", tag="rack=7", protected=True),
        RemoveVmTag(vm="web1", tag="rack=7", force=True),
    ]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("node flush hv1", ["--on-blocked", "stop"]),
        ("node flush hv1", ["--on-blocked", "shutdown"]),
        ("vm tag remove web1 shop", ["--force"]),
        ("storage ceph volume resize vms web1 1G", ["--force"]),
    ],
)
def test_what_only_some_options_make_destructive_asks_with_them(
    pvc: Run, fake: FakeService, words: str, options: list[str]
) -> None:
    refused = pvc(*words.split(), *options)
    assert refused.exit_code == 2 and "--yes" in refused.stderr and fake.asked == []
    assert pvc(*words.split(), *options, "--yes").exit_code == 0
    assert pvc(*words.split()).exit_code == 0
    assert len(fake.asked) == 2


def test_a_plan_of_what_is_destructive_is_shown_without_asking(pvc: Run, fake: FakeService) -> None:
    assert pvc("node", "flush", "hv1", "--on-blocked", "stop", "--dry-run").exit_code == 6


@pytest.mark.parametrize("query", ["negate=maybe", "tag=", f"tag={'x' * 65}", "tag=a&tag=b", "tags=a"])
def test_a_filter_that_cannot_be_is_refused(http: object, query: str) -> None:
    answer = http.get(f"/api/v1/vm?{query}", headers={"Authorization": "Bearer viewer-token"})  # type: ignore[attr-defined]
    assert answer.status_code == 400 and answer.json["remedy"]


def test_metadata_is_shown(pvc: Run, fake: FakeService) -> None:
    view = fake.all_vms[0]
    said = {"max_downtime_ms": 50, "restart_on_crash": True, "node_limit": ("hv1",), "description": "shop"}
    fake.all_vms = [view.but(spec=view.spec.but(**said))]
    shown = pvc("vm", "info", "web1").output
    for text in ("shop", "a pause of at most 50 ms", "started again", "allowed nodes  hv1\n"):
        assert text in shown


def test_all_metadata_is_in_the_wide_list(pvc: Run, tagged: FakeService) -> None:
    (view,) = tagged.all_vms
    said = {"node_limit": ("hv1", "hv2"), "node_selector": "vms", "autorestart": True, "max_downtime_ms": 50}
    tagged.all_vms = [view.but(spec=view.spec.but(**said, migration_method="none", description="the shop"))]
    head, line = pvc("vm", "list", "--wide").output.splitlines()
    assert " ".join(head.split()) == "VM SEEN NODE LIMIT SELECT AUTO METHOD PAUSE TAGS DESCRIPTION"
    for word in ("web1", "hv1,hv2", "vms", "yes", "none", "50", "shop, prod", "the shop"):
        assert word in line


def on_a_terminal(home: Path, *words: str, **environment: str) -> str:
    """What a terminal of 80 columns gets to see."""
    main_end, child_end = pty.openpty()
    settings = {**os.environ, "PVC_CONFIG_DIR": str(home), "COLUMNS": "80", "TERM": "xterm", **environment}
    settings = {name: value for name, value in settings.items() if name != "NO_COLOR" or value}
    command = [sys.executable, "-c", "from pvc_cli.main import main; main()", *words]
    done = subprocess.run(command, stdout=child_end, stderr=subprocess.STDOUT, env=settings, check=False)
    os.close(child_end)
    text = os.read(main_end, 100_000).decode()
    os.close(main_end)
    # The plan that is shown there leaves a VM behind.
    assert done.returncode == (6 if "--dry-run" in words else 0), text
    return text


LONG = "a-vm-with-a-name-as-long-as-people-give-them"

TOUR = [
    ("status",),
    ("node", "list"),
    ("node", "info", "hv1"),
    ("node", "flush", "hv1", "--dry-run"),
    ("vm", "list"),
    ("vm", "list", "--wide"),
    ("vm", "info", LONG),
    ("vm", "meta", LONG, "--autorestart"),
    ("vm", "tag", "get", LONG),
    ("vm", "--help"),
    ("vm", "meta", "--help"),
    ("task", "list"),
    ("connection", "list"),
]


@pytest.mark.parametrize("words", TOUR, ids=" ".join)
def test_everything_fits_a_terminal_of_80_columns(
    pvc: Run, home: Path, tagged: FakeService, words: tuple[str, ...]
) -> None:
    (view,) = tagged.all_vms
    spec = view.spec.but(name=LONG, description="A VM. " * 30, previous_node="hv2", node_limit=("hv1", "hv2"))
    tagged.all_vms = [view.but(spec=spec)]
    pvc("vm", "start", LONG)
    lines = re.sub(r"\x1b\[[0-9;]*m|\r", "", on_a_terminal(home, *words)).splitlines()
    assert lines and max(map(cells, lines)) <= 80, lines


def test_colours_are_for_terminals_and_for_those_who_want_them(pvc: Run, home: Path) -> None:
    assert "\x1b[" in on_a_terminal(home, "node", "list", NO_COLOR="")
    assert "\x1b[" not in on_a_terminal(home, "node", "list", NO_COLOR="1")
    assert "\x1b[" not in pvc("node", "list").output


def test_whatever_the_locale_all_is_shown(pvc: Run, home: Path, tagged: FakeService, tmp_path: Path) -> None:
    """UTF-8 in what is read and written by files and pipes; a terminal that knows no euro is shown a ?."""
    (view,) = tagged.all_vms
    tagged.all_vms = [view.but(spec=view.spec.but(description="die €-Kasse"))]
    assert "die ?-Kasse" in on_a_terminal(home, "vm", "info", "web1", PYTHONIOENCODING="latin-1")
    settings = {**os.environ, "PVC_CONFIG_DIR": str(home), "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-c", "from pvc_cli.main import main; main()"]
    shown = subprocess.run([*command, "vm", "list", "--wide"], capture_output=True, env=settings, check=True)
    assert "die €-Kasse".encode() in shown.stdout
    xml = "<domain><name>web2</name><title>die €-Kasse</title></domain>".encode()
    subprocess.run([*command, "vm", "define", "-"], input=xml, capture_output=True, env=settings, check=True)
    asked, _ = tagged.asked[-1]
    assert isinstance(asked, DefineVm) and asked.xml.encode() == xml
