"""The API on a real loopback port, and the CLI that talks to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from click.testing import CliRunner, Result
from cluster import DoorCluster
from flask import Flask
from werkzeug.serving import make_server

from pvc_api.app import create_app
from pvc_cli import connections
from pvc_cli.main import main

Run = Callable[..., Result]


@contextmanager
def serve(app: Flask, port: int = 0) -> Iterator[str]:
    """Its address; 0 picks a free port."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def connected(cluster: DoorCluster) -> Iterator[str]:
    """The address of the cluster's API, which is the only connection that the CLI knows."""
    with serve(create_app(cluster.config, cluster.service)) as found:
        connections.add("test", connections.Connection(found, cluster.token))
        yield found


def pvc(*words: str, **settings: Any) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, words, prog_name="pvc", **settings)
