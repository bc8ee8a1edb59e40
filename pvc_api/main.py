"""pvc-api: the HTTP API of a cluster, in the foreground; several may run at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import get_args

from pvc_core.config import DEFAULT_PATH, Config, load_config
from pvc_core.errors import ConfigInvalid, PvcError
from pvc_core.model.operations import Role
from pvc_tasks.tokens import issue_token


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM; exits 2 when the configuration is invalid."""
    options = _parser().parse_args(arguments)
    config = _config_or_exit(options.config)
    if options.issue_token is not None:
        _issue_token(config, options.issue_token, options.role)
        return
    from pvc_api.server import Server

    Server(config).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pvc-api", description=__doc__)
    parser.add_argument("--config", default=DEFAULT_PATH, metavar="FILE", help="default: %(default)s")
    parser.add_argument(
        "--issue-token",
        metavar="NAME",
        help="print a new API token and exit: for the root of a coordinator when all tokens are lost",
    )
    parser.add_argument("--role", choices=get_args(Role), default="admin", help="of it; default: %(default)s")
    return parser


def _issue_token(config: Config, name: str, role: Role) -> None:
    """Who can read the cluster's credentials in the configuration may do so."""
    from pvc_tasks.connect import build_world

    try:
        world = build_world(config)
        token = issue_token(world.store, name, role, world.clock.now())
    except PvcError as error:
        sys.stderr.write(f"pvc-api: {error.code}: {error.message}\nremedy: {error.remedy}\n")
        sys.exit(2)
    world.store.home.close()
    sys.stdout.write(token + "\n")


def _config_or_exit(path: str) -> Config:
    try:
        return load_config(path)
    except ConfigInvalid as error:
        faults = "".join(f"  {fault}\n" for fault in error.details["faults"])
        sys.stderr.write(f"pvc-api: {error.code}: {path}\n{faults}remedy: {error.remedy}\n")
        sys.exit(2)
