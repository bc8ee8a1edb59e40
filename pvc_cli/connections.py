"""The clusters this user knows: addresses and token of each, in one file only they can read."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pvc_core.errors import AlreadyExists, InvalidRequest, NotFound

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


@dataclass(frozen=True)
class Connection:
    address: str
    token: str
    others: tuple[str, ...] = ()
    """Where else the cluster's API runs."""

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.address, *self.others)


def path() -> Path:
    directory = os.environ.get("PVC_CONFIG_DIR") or Path.home() / ".config" / "pvc"
    return Path(directory) / "connections.yaml"


def load() -> dict[str, Connection]:
    """All connections by name; raises InvalidRequest when the file is not what we wrote."""
    import yaml

    try:
        document = yaml.safe_load(path().read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidRequest(f"{path()} cannot be read: {error.strerror}", "Check its permissions.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(str(error)) from None
    return _parse(document)


def _parse(document: Any) -> dict[str, Connection]:
    if document is None:
        return {}
    try:
        return {str(name): _connection(**entry) for name, entry in document.items()}
    except (AttributeError, TypeError):
        raise _unreadable("each name must hold an address and a token") from None


def _connection(address: str, token: str, others: Iterable[str] = ()) -> Connection:
    return Connection(address, token, tuple(others))


def _unreadable(fault: str) -> InvalidRequest:
    sentence = " ".join(fault.split())
    return InvalidRequest(
        f"{path()}: {sentence}", "Correct the file, or move it away and add connections anew."
    )


def choose(name: str | None) -> tuple[str, Connection]:
    """The one asked for, or the only one there is."""
    known = load()
    if name is not None:
        return name, _known(known, name)
    if len(known) == 1:
        return next(iter(known.items()))
    if known:
        names = ", ".join(sorted(known))
        raise InvalidRequest(f"which cluster? known are {names}", "Use -c NAME, or set PVC_CONNECTION.")
    raise InvalidRequest(
        "no cluster is known yet", "Add one: pvc connection add NAME --address http://HOST:7370"
    )


def add(name: str, connection: Connection) -> None:
    """Raises AlreadyExists; an address or name that cannot be is refused."""
    if not NAME.fullmatch(name):
        raise InvalidRequest(f"{name!r} cannot name a connection", "Use letters, digits, dot and dash.")
    for address in connection.addresses:
        if not ADDRESS.fullmatch(address):
            remedy = "Write it as http://HOST:7370 or https://HOST."
            raise InvalidRequest(f"{address!r} is not an address", remedy)
    known = load()
    if name in known:
        raise AlreadyExists(f"there is a connection {name} already", f"pvc connection remove {name}")
    _save({**known, name: connection})


def remove(name: str) -> None:
    known = load()
    _known(known, name)
    _save({other: connection for other, connection in known.items() if other != name})


def store_token(name: str, token: str) -> None:
    """In place of the connection's present token."""
    known = load()
    _save({**known, name: replace(_known(known, name), token=token)})


def _known(known: dict[str, Connection], name: str) -> Connection:
    if name not in known:
        raise NotFound(f"there is no connection {name}", "See `pvc connection list`.")
    return known[name]


def _save(known: dict[str, Connection]) -> None:
    """Whole or not at all, and never readable by others."""
    import yaml

    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = yaml.safe_dump({name: asdict(connection) for name, connection in known.items()})
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".connections-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(temporary).replace(target)
