"""`pvc-worker`: the daemon of a hypervisor."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from threading import Event

import click

from pvc_core.config import DEFAULT_PATH, Config, NodeSection, load_config, read_secret
from pvc_core.errors import ConfigInvalid, PvcError
from pvc_drivers.exports.credentials import load_credentials
from pvc_worker.locks import hold_lock
from pvc_worker.logs import set_up_logs
from pvc_worker.supervisor import Supervisor


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "path", default=DEFAULT_PATH, show_default=True, help="The node's configuration.")
@click.option(
    "--check-config", "check", metavar="FILE", help="Only check a file, name every fault, and exit."
)
@click.option("--part", type=click.Choice(["agent", "jobs"]), help="Run one of its two processes alone.")
def main(path: str, check: str | None, part: str | None) -> None:
    """Run this node's part of PVC: an agent that watches it, and a worker that executes its tasks.

    Either process may be killed at any time; it is started again, and goes on where it was.
    """
    try:
        sys.exit(_check(check) if check is not None else _run(path, part))
    except PvcError as error:
        click.echo(_sentences(error), err=True)
        sys.exit(2)


def _check(path: str) -> int:
    config = load_config(path)
    _node(config, path)
    read_secret(config.zookeeper.password_file)
    read_secret(config.redis.password_file)
    if config.storage.s3 is not None:
        load_credentials(config.storage.s3.credentials_file)
    click.echo(f"{path}: no faults; this is node {_node(config, path).name} of cluster {config.cluster}")
    return 0


def _run(path: str, part: str | None) -> int:
    config = load_config(path)
    node = _node(config, path)
    set_up_logs(config.logs.level, part or "supervisor", config.logs.directory)
    stop = _stop_on_signals()
    if part is None:
        return Supervisor(Path(path), config.worker.run_directory).run(stop)
    with hold_lock(config.worker.run_directory, part, stop) as held:
        return _run_part(part, config, node, stop) if held else 0


def _run_part(part: str, config: Config, node: NodeSection, stop: Event) -> int:
    """Only what a part needs is imported: the supervisor stays small."""
    if part == "agent":
        from pvc_worker.agent import run_agent

        return run_agent(config, node, stop)
    from pvc_worker.jobs import run_jobs

    return run_jobs(config, node, stop)


def _node(config: Config, path: str) -> NodeSection:
    if config.node is None:
        fault = "node: this section is required by pvc-worker"
        raise ConfigInvalid(f"{path}: {fault}", faults=[fault])
    return config.node


def _stop_on_signals() -> Event:
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


def _sentences(error: PvcError) -> str:
    faults = error.details.get("faults") or [error.message]
    lines = [f"error: {fault}" for fault in faults]
    return "\n".join([*lines, f"remedy: {error.remedy}"])
