"""A migration under way, as the CLI tells it."""

from __future__ import annotations

from typing import Any

from jobs import job

from pvc_cli.sentence import sentence
from pvc_drivers.hypervisor.port import MigrationProgress
from pvc_worker.monitor import as_progress

MIB = 1 << 20


def shown(**progress: Any) -> str:
    return sentence(job(operation="vm.migrate", progress=progress))


def test_what_tells_whether_it_converges_is_shown() -> None:
    text = shown(
        bytes_done=30 * MIB,
        bytes_total=120 * MIB,
        bytes_per_s=8 * MIB,
        dirty_bytes_per_s=12 * MIB,
        phase="throttled to 60 %",
    )
    for part in ("25 %", "8 MiB/s", "changes 12 MiB/s", "throttled to 60 %"):
        assert part in text


def test_plain_copying_and_what_an_older_worker_says_need_no_word() -> None:
    assert "copying" not in shown(phase="copying", bytes_total=MIB)
    assert "changes" not in shown(bytes_total=MIB)


def seen(**figures: Any) -> MigrationProgress:
    return MigrationProgress(bytes_done=100, bytes_total=200, bytes_per_s=20, **figures)


def test_the_time_left_counts_what_is_changed_meanwhile() -> None:
    assert as_progress(seen()).eta_s == 5.0
    assert as_progress(seen(dirty_bytes_per_s=10)).eta_s == 10.0
    assert as_progress(seen(dirty_bytes_per_s=30)).eta_s is None


def test_the_phase_is_in_words() -> None:
    assert as_progress(seen()).phase == "copying"
    assert as_progress(seen(throttle_percent=40)).phase == "throttled to 60 %"
    assert as_progress(seen(phase="post_copy", throttle_percent=40)).phase == "post-copy"
