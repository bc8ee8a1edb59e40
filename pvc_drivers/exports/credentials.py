"""The keys to an S3 place: read when they are used, and shown to nobody."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pvc_core.errors import ConfigInvalid

FOR_OTHERS = 0o077
WORDS = "does not hold two lines, `access_key: KEY` and `secret_key: KEY`"


@dataclass(frozen=True)
class Credentials:
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


def load_credentials(path: Path) -> Credentials:
    """Raises ConfigInvalid, in words that hold nothing of the file."""
    try:
        with path.open() as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read()
    except UnicodeDecodeError:
        raise _invalid(path, WORDS) from None
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror or error}") from None
    if mode & FOR_OTHERS:
        raise _invalid(path, "others than its owner may read it", f"chmod 600 {path}")
    return _parse(path, text)


def _parse(path: Path, text: str) -> Credentials:
    try:
        known = yaml.safe_load(text)
    except yaml.YAMLError:
        known = None
    match known:
        case {"access_key": str(access_key), "secret_key": str(secret_key)} if access_key and secret_key:
            return Credentials(access_key, secret_key)
    raise _invalid(path, WORDS)


def _invalid(path: Path, fault: str, remedy: str = "") -> ConfigInvalid:
    sentence = f"{path}: {fault} (storage.s3.credentials_file)"
    return ConfigInvalid(sentence, remedy or "Put both lines into it, and chmod 600 it.", faults=[sentence])
