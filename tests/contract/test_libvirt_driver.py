"""What only the real home has, on libvirt's built-in test driver: no root, no daemon."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import libvirt
import pytest

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_drivers.hypervisor.libvirt_home import LibvirtHypervisor
from pvc_drivers.hypervisor.libvirt_lanes import MAX_IDLE, Lanes
from pvc_drivers.hypervisor.libvirt_open import keepalive
from pvc_drivers.hypervisor.libvirt_words import event_in_words, state_in_words, version_in_words
from pvc_drivers.hypervisor.port import DomainEvent

URI = "test:///default"
XML = "<domain type='test'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os></domain>"


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes(URI, 0.5)
    made.patience_s = 0.2
    yield made
    made.close()


def test_a_call_that_hangs_ends_in_time_and_speaks_for_its_name(lanes: Lanes) -> None:
    wake = threading.Event()
    began = time.monotonic()
    with pytest.raises(HypervisorUnavailable, match="in time: look at vm1"):
        lanes.call("look at vm1", lambda connection: wake.wait())
    with pytest.raises(HypervisorUnavailable, match="for 0 s: look at vm1"):
        lanes.call("look at vm1", lambda connection: wake.wait())
    assert 0.2 <= time.monotonic() - began < 0.4
    assert lanes.call("look at vm2", lambda connection: connection.getType()) == "TEST"
    wake.set()
    answered = lanes.start("look at vm3", lambda connection: connection.getType())
    assert answered.result(5) == "TEST"


def test_a_slow_call_may_take_longer(lanes: Lanes) -> None:
    assert lanes.call("start vm1", lambda connection: threading.Event().wait(0.4), more_s=5) is False


def test_what_was_given_up_while_connecting_is_never_asked(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    wake, connected, asked = threading.Event(), threading.Event(), threading.Event()

    def slow(uri: str, keepalive_s: float) -> libvirt.virConnect:
        wake.wait()
        try:
            return libvirt.open(uri)
        finally:
            connected.set()

    monkeypatch.setattr("pvc_drivers.hypervisor.libvirt_lane.open_connection", slow)
    with pytest.raises(HypervisorUnavailable, match="in time"):
        lanes.call("start vm1", lambda connection: asked.set(), more_s=60)
    with pytest.raises(HypervisorUnavailable, match="for 0 s: start vm1"):
        lanes.call("anything else", lambda connection: None)
    wake.set()
    assert connected.wait(5)
    lanes.call("afterwards", lambda connection: None)
    assert not asked.is_set()


def test_lanes_are_reused_and_few_stay(lanes: Lanes) -> None:
    together = threading.Barrier(MAX_IDLE + 3)
    futures = [lanes.start(f"call {n}", lambda connection: together.wait(5)) for n in range(MAX_IDLE + 3)]
    for future in futures:
        future.result(5)
    assert len({lanes.call("who", lambda connection: threading.get_ident()) for _ in range(20)}) == 1
    assert len(lanes._idle) == MAX_IDLE


def test_an_error_of_ours_reaches_the_caller(lanes: Lanes) -> None:
    with pytest.raises(ZeroDivisionError):
        lanes.call("divide", lambda connection: 1 // 0)


def test_nobody_there() -> None:
    home = LibvirtHypervisor("qemu+unix:///system?socket=/nonexistent", 2)
    with pytest.raises(HypervisorUnavailable, match="nonexistent"):
        home.domains()
    home.close()


def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    home = LibvirtHypervisor(URI, 2)
    stopped = threading.Event()

    def bad(event: DomainEvent) -> None:
        raise RuntimeError("listener")

    def asks_back(event: DomainEvent) -> None:
        home.domain(event.uuid)
        if event.kind == "stopped":
            stopped.set()

    home.on_event(bad)
    home.on_event(asks_back)
    home.start(XML.format(name="heard"))
    (uuid,) = [domain.uuid for domain in home.domains() if domain.name == "heard"]
    home.destroy(uuid)
    assert stopped.wait(5)
    assert "a listener to events of domains failed" in caplog.text
    home.close()


def test_refusals_carry_libvirts_words_and_code() -> None:
    home = LibvirtHypervisor(URI, 2)
    with pytest.raises(HypervisorRefused) as caught:
        home.xml("00000000-0000-4000-8000-000000000000")
    assert caught.value.message.startswith("Domain not found")
    assert caught.value.details["libvirt_code"] == libvirt.VIR_ERR_NO_DOMAIN
    home.close()


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.5, (1, 1)), (3, (1, 1)), (5, (1, 3)), (10, (2, 3)), (30, (6, 3))]
)
def test_keepalive_fits_into_the_time(seconds: float, expected: tuple[int, int]) -> None:
    assert keepalive(seconds) == expected


def test_numbers_become_words() -> None:
    assert state_in_words(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR) == (
        "paused",
        "ioerror",
    )
    assert state_in_words(99, 0) == ("unknown", "")
    assert event_in_words(libvirt.VIR_DOMAIN_EVENT_UNDEFINED, 0) is None
    assert event_in_words(libvirt.VIR_DOMAIN_EVENT_STOPPED, 99) == ("stopped", "")
    assert version_in_words(7002022) == "7.2.22"


def test_no_call_takes_longer_than_it_says() -> None:
    """What a job process takes for stuck is made of this."""
    home = LibvirtHypervisor(URI, 2)
    given: list[float] = []
    home._lanes.call = lambda what, ask, more_s=0.0: given.append(home._lanes.patience_s + more_s)  # type: ignore[method-assign,assignment]
    home.start(XML.format(name="slow"))
    home.destroy("any")
    home.attach("any", "<disk/>")
    home.domains()
    assert max(given) == home.patience_s and min(given) < home.patience_s
