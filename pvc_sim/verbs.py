"""The words of `do:` in events.yaml, besides the commands of the CLI."""

from __future__ import annotations

import re
from collections.abc import Callable

from pvc_cli.main import NOUNS
from pvc_core.errors import InvalidRequest
from pvc_sim.commands import ABSENT
from pvc_sim.faults import Faults

NODE = r"([\w.-]+)"
PART = r"([\w.-]+/(?:worker|agent))"
VM = r"([\w.-]+)"
NUMBER = r"([0-9]+(?:\.[0-9]+)?)"

VERBS: tuple[tuple[str, Callable[..., None]], ...] = (
    (rf"power (off|on) {NODE}", Faults.power),
    (rf"net (cut|heal) {NODE}", Faults.net),
    (rf"kill {PART}", Faults.kill),
    (rf"start {PART}", Faults.start),
    (rf"stop {PART}", Faults.stop),
    (rf"stop {NODE}/agent after its report", Faults.freeze_agent),
    (rf"cont {PART}", Faults.cont),
    (rf"expire {PART}", Faults.expire),
    (r"lose answer ([\w.-]+/(?:worker|agent)|api)", Faults.answer_lost),
    (rf"libvirt (hang|kill|heal) {NODE}", Faults.libvirt),
    (rf"migrate fail {VM}(?: (\d+) times)?", Faults.fail_migrations),
    (rf"migrate slow {VM} {NUMBER}", Faults.slow_migrations),
    (rf"guest deaf {VM}", Faults.deafen),
    (rf"guest crash {VM}", Faults.crash_guest),
    (rf"guest pause {VM}", Faults.pause_guest),
    (rf"guest busy {VM} {NUMBER}", Faults.make_busy),
    (rf"start fail {VM}(?: (\d+) times)?", Faults.refuse_starts),
    (r"redis (down|up|wipe|freeze|thaw|duplicate)", Faults.redis),
    (rf"redis (drop) {NUMBER}", Faults.redis),
    (r"zookeeper (down|up)", Faults.zookeeper),
    (rf"clock {NODE} ([+-]?\d+(?:\.\d+)?)", Faults.clock),
    (r"crash after step (\d+) of ([\w. ]+)", Faults.crash),
    (r"stop after step (\d+) of ([\w. ]+)", Faults.freeze),
    (r"heal all", Faults.heal_all),
)

PATTERNS = tuple((re.compile(pattern), call) for pattern, call in VERBS)


def find_fault(text: str) -> Callable[[Faults], None] | None:
    """What a fault's words do; None for words of the CLI."""
    for pattern, call in PATTERNS:
        if found := pattern.fullmatch(text.strip()):
            words = [word for word in found.groups() if word is not None]
            return lambda faults: call(faults, *words)
    return None


def check_verb(text: str) -> None:
    """Raises InvalidRequest for what is neither a fault nor begins like a command."""
    if find_fault(text) is None and text.split(" ")[0] not in {*NOUNS, *ABSENT}:
        raise InvalidRequest(f"{text!r} is neither a command nor a fault; see docs/simulator.md")
