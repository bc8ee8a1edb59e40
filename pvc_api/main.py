"""pvc-api: the HTTP API of a cluster, in the foreground; several may run at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pvc_core.config import DEFAULT_PATH, Config, load_config
from pvc_core.errors import ConfigInvalid


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM; exits 2 when the configuration is invalid."""
    options = _parser().parse_args(arguments)
    config = _config_or_exit(options.config)
    from pvc_api.server import Server

    Server(config).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pvc-api", description=__doc__)
    parser.add_argument("--config", default=DEFAULT_PATH, metavar="FILE", help="default: %(default)s")
    return parser


def _config_or_exit(path: str) -> Config:
    try:
        return load_config(path)
    except ConfigInvalid as error:
        faults = "".join(f"  {fault}\n" for fault in error.details["faults"])
        sys.stderr.write(f"pvc-api: {error.code}: {path}\n{faults}remedy: {error.remedy}\n")
        sys.exit(2)
