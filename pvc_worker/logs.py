"""Logging to stderr, where systemd or the lab collects it, and to a file that `pvc node log` shows."""

from __future__ import annotations

import logging
from logging.handlers import WatchedFileHandler
from pathlib import Path

QUIET = ("kazoo", "celery", "kombu", "amqp", "redis", "boto3", "botocore", "urllib3")


def log_file(directory: Path) -> Path:
    """Of all processes of the worker: each line is written at once and whole."""
    return directory / "pvc-worker.log"


def set_up_logs(level: str, part: str, directory: Path) -> None:
    """`part` names the process in each line; libraries are kept quiet."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    trouble = ""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handlers.append(WatchedFileHandler(log_file(directory), encoding="utf-8", errors="replace"))
    except OSError as error:
        trouble = f"{error.filename}: {error.strerror}"
    line = f"%(asctime)s {part} %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level.upper(), format=line, handlers=handlers, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    if trouble:
        logging.getLogger(__name__).warning("no log file can be written: %s", trouble)
