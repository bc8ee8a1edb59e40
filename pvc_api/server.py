"""gunicorn, run from our own configuration; each process connects after its fork."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from pvc_api.app import create_app
from pvc_core.config import Config
from pvc_tasks.connect import build_service

ACCESS_FORMAT = '%(h)s "%(m)s %(U)s" %(s)s %(b)s bytes %(M)s ms'
"""The path alone: never the query string, never a header."""

STOP_WITHIN_S = 2
"""Long polls are cut off by a stop; their clients ask again."""

KEEP_ALIVE_S = 65
"""Longer than the longest long poll, so that a client's next question finds its connection open."""


def logging_settings(level: str) -> dict[str, Any]:
    """All logs to stderr, in one format."""
    own: dict[str, Any] = {"level": "INFO", "handlers": [], "propagate": True}
    line = "%(asctime)s %(levelname)s %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {"gunicorn.access": own, "gunicorn.error": own, "kazoo": {"level": "WARNING"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "formatters": {"line": {"format": line}},
    }


class AccessLog(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """Its lines are written by strangers: no path may start a line of its own."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return {**atoms, "U": quote(atoms["U"] or "")}


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    def __init__(self, config: Config) -> None:
        self.config = config
        super().__init__()

    def load_config(self) -> None:
        api = self.config.api
        settings = {
            "bind": _address(api.listen, api.port),
            "worker_class": "gthread",
            "workers": api.processes,
            "threads": api.threads,
            "keepalive": KEEP_ALIVE_S,
            "graceful_timeout": STOP_WITHIN_S,
            "proc_name": "pvc-api",
            "control_socket_disable": True,
            "access_log_format": ACCESS_FORMAT,
            "logger_class": AccessLog,
            "logconfig_dict": logging_settings(self.config.logs.level),
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        """Called in each worker process: nothing connected is inherited from the parent."""
        return create_app(self.config, build_service(self.config))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
