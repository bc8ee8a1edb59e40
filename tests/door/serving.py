"""The API on a real loopback port, and the CLI that talks to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask
from werkzeug.serving import make_server

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


def pvc(*words: str, **settings: Any) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, words, prog_name="pvc", **settings)
