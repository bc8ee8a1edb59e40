"""Sending a file, through lost connections and restarts of the API: what is safe there is not sent again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pvc_cli.client import Client, path_of
from pvc_cli.exits import is_away
from pvc_core.errors import InvalidRequest, PvcError

PIECE = 1 << 20
PATIENCE_S = 120.0
"""How long no byte may be taken: the API may be restarting, or the storage be silent."""
PAUSE_S = 1.0
PASSING = ("BROKEN_OFF", "WRONG_OFFSET", "UPLOAD_NOT_READY", "TRANSFERS_BUSY")

Tell = Callable[[int, str], None]
"""Called with how much is sent, and what is in the way."""


class Body:
    """The rest of a file, to be sent as it is read; what was never sent before is hashed on the way."""

    def __init__(self, sending: Sending, offset: int) -> None:
        self._sending, self._offset = sending, offset

    def __len__(self) -> int:
        return self._sending.length - self._offset

    def __iter__(self) -> Iterator[bytes]:
        return self._sending.pieces(self._offset)


class Sending:
    def __init__(self, client: Client, job: str, file: BinaryIO, length: int, tell: Tell) -> None:
        self.length = length
        self._client, self._path, self._file = client, path_of("/storage/ceph/upload/<task>", task=job), file
        self._tell = tell
        self._hash, self._hashed = hashlib.sha256(), 0

    def run(self) -> None:
        """Until all of it is safe, and sealed; raises what cannot be waited for."""
        safe, give_up = -1, 0.0
        while True:
            try:
                upload = self._client.get(self._path)
                if upload["received"] != safe:
                    safe, give_up = upload["received"], time.monotonic() + PATIENCE_S
                if safe < self.length:
                    upload = self._client.send(self._path, safe, Body(self, safe))
                    safe = upload["received"]
                if safe == self.length:
                    self._seal()
                    return
            except PvcError as error:
                if not _passing(error) or (give_up and time.monotonic() > give_up):
                    raise
                give_up = give_up or time.monotonic() + PATIENCE_S
                self._tell(max(0, safe), f"{error.message}; trying again…")
                time.sleep(PAUSE_S)

    def pieces(self, offset: int) -> Iterator[bytes]:
        self._file.seek(offset)
        while offset < self.length:
            piece = self._file.read(min(PIECE, self.length - offset))
            if not piece:
                raise InvalidRequest(f"the file became shorter: it ends after {offset} bytes")
            self._note(piece, offset)
            yield piece
            offset += len(piece)
            self._tell(offset, "")

    def _note(self, piece: bytes, offset: int) -> None:
        """Each byte once, in order."""
        fresh = piece[max(0, self._hashed - offset) :] if offset <= self._hashed else b""
        self._hash.update(fresh)
        self._hashed += len(fresh)

    def _seal(self) -> None:
        """All of it may have been sent before anything came back."""
        for _ in self.pieces(self._hashed):
            continue
        self._client.submit("POST", self._path, {"checksum": self._hash.hexdigest()})


def _passing(error: PvcError) -> bool:
    """Worth trying again: the API is away, or cannot reach its store or its storage."""
    return is_away(error) or error.as_dict()["code"] in PASSING
