"""What `pvc vm list` and `pvc vm info` say of a VM in one word, or in a few."""

from __future__ import annotations

from typing import Any

from pvc_cli.commands.vm import _note, _seen


def vm(seen_on: tuple[str, ...] = (), job: str | None = None, **spec: Any) -> dict[str, Any]:
    facts = {"moving_to": None, "restart_on_ready": None, **spec}
    return {
        "seen": "running",
        "seen_why": "",
        "seen_on": list(seen_on),
        "job": job,
        "faults": [],
        "spec": facts,
    }


def test_a_vm_on_its_way_is_not_said_to_run_twice() -> None:
    assert _seen(vm(("hv1", "hv2"), moving_to="hv2")) == "running on hv1, arriving on hv2"
    assert _seen(vm(("hv1",), moving_to="hv2")) == "running on hv1"
    assert _seen(vm(("hv2",), moving_to="hv2")) == "running on hv2"


def test_a_vm_that_is_seen_twice_is_said_to_be() -> None:
    assert _seen(vm(("hv1", "hv2"))) == "running on hv1, hv2"


def test_what_a_flush_stopped_says_when_it_starts_again() -> None:
    assert _note(vm(restart_on_ready="hv1")) == "starts when hv1 is ready"
    assert _note(vm(restart_on_ready="hv1", job="task")) == "busy"
    assert _note(vm()) == ""
