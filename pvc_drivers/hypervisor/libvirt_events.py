"""Lifecycle events of one libvirtd, over a connection of their own that is made again when it is lost.

Listeners run in the ear's thread, not in libvirt's event loop: they may ask libvirtd in turn.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import libvirt

from pvc_drivers.hypervisor.libvirt_open import open_connection
from pvc_drivers.hypervisor.libvirt_words import event_in_words
from pvc_drivers.hypervisor.port import DomainEvent

log = logging.getLogger(__name__)
OPEN_AGAIN_S = 1.0
Listener = Callable[[DomainEvent], None]
Account = Callable[[str, dict[str, Any]], None]


class Ear:
    """`account` is told the figures of every job that libvirt completed."""

    def __init__(self, uri: str, keepalive_s: float, account: Account) -> None:
        self._uri, self._keepalive_s, self._account = uri, keepalive_s, account
        self._listeners: list[Listener] = []
        self._heard: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._tried = threading.Event()
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._work, name="libvirt-ear", daemon=True).start()

    def add(self, listener: Listener, patience_s: float) -> None:
        """Waits until libvirtd is listened to, if it can be: nothing after this call is missed."""
        self._listeners.append(listener)
        self.start()
        self._tried.wait(patience_s)

    def close(self) -> None:
        self._closed.set()
        self._heard.put(None)

    def _work(self) -> None:
        while not self._closed.is_set():
            connection = self._try_to_connect()
            self._tried.set()
            if connection is None:
                self._closed.wait(OPEN_AGAIN_S)
            else:
                self._pass_on()
                _hang_up(connection)

    def _try_to_connect(self) -> libvirt.virConnect | None:
        try:
            return self._connect()
        except libvirt.libvirtError as error:
            log.info("no events from %s: %s", self._uri, error)
            return None

    def _connect(self) -> libvirt.virConnect:
        connection = open_connection(self._uri, self._keepalive_s)
        connection.registerCloseCallback(self._on_close, None)
        lifecycle, completed = (
            libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
            libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
        )
        connection.domainEventRegisterAny(None, lifecycle, self._on_lifecycle, None)
        connection.domainEventRegisterAny(None, completed, self._on_completed, None)
        return connection

    def _pass_on(self) -> None:
        """Until the connection is lost, or nobody wants to hear any more."""
        while heard := self._heard.get():
            heard()

    def _on_lifecycle(
        self,
        connection: libvirt.virConnect,
        domain: libvirt.virDomain,
        event: int,
        detail: int,
        opaque: object,
    ) -> None:
        words = event_in_words(event, detail)
        if words is not None:
            happened = DomainEvent(domain.UUIDString(), *words)
            self._heard.put(lambda: self._tell(happened))

    def _on_completed(
        self,
        connection: libvirt.virConnect,
        domain: libvirt.virDomain,
        figures: dict[str, Any],
        opaque: object,
    ) -> None:
        self._account(domain.UUIDString(), figures)

    def _on_close(self, connection: libvirt.virConnect, reason: int, opaque: object) -> None:
        self._heard.put(None)

    def _tell(self, event: DomainEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("a listener to events of domains failed on %s", event)


def _hang_up(connection: libvirt.virConnect) -> None:
    with contextlib.suppress(libvirt.libvirtError):
        connection.unregisterCloseCallback()
        connection.close()
