"""Files over HTTP: as they come and go, never whole in memory, and never waited for without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import request

from pvc_api.shared import shared
from pvc_core.errors import PvcError
from pvc_core.model.size import MOST

BYTES = "application/octet-stream"
SILENCE_S = 60.0
"""How long the other side may neither take nor give a byte."""


class TransfersBusy(PvcError):
    code, status = "TRANSFERS_BUSY", 503
    default_remedy = "Try again in a while; each file that is sent or fetched holds a thread of the API."


@contextmanager
def transfer() -> Iterator[None]:
    """One of the few that may be under way in this process; raises TransfersBusy."""
    if not (places := shared().transfers).acquire(blocking=False):
        raise TransfersBusy("as many files as possible are being sent or fetched already")
    try:
        with _impatient():
            yield
    finally:
        places.release()


def body_reader() -> Callable[[int], bytes]:
    """Reads the body as it comes, of whatever length; raises EOFError where it breaks off."""
    request.max_content_length = MOST
    stream = request.stream

    def read(most: int) -> bytes:
        try:
            return bytes(stream.read(most))
        except Exception as error:
            raise EOFError(str(error)) from None

    return read


@contextmanager
def _impatient() -> Iterator[None]:
    """The socket as gunicorn has it waits for ever."""
    socket: Any = request.environ.get("gunicorn.socket")
    if socket is None:
        yield
        return
    before = socket.gettimeout()
    socket.settimeout(SILENCE_S)
    try:
        yield
    finally:
        socket.settimeout(before)
