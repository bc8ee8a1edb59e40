"""Logging to stderr, where systemd or the lab collects it; libraries are kept quiet."""

from __future__ import annotations

import logging

QUIET = ("kazoo", "celery", "kombu", "amqp", "redis")


def set_up_logs(level: str, part: str) -> None:
    """`part` names the process in each line."""
    logging.basicConfig(
        level=level.upper(), format=f"%(asctime)s {part} %(levelname)s %(name)s: %(message)s", force=True
    )
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
