"""Following a job: through changes, restarts of the API, and limits of time and patience."""

from __future__ import annotations

from typing import Any

import pytest
from jobs import ID, job

from pvc_cli import follow as following
from pvc_cli.exits import Refused, TimedOut
from pvc_cli.follow import follow
from pvc_core.errors import Unreachable

AWAY = Unreachable("refused")


class Script:
    """Answers one after the other; an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, str | None]] = []

    def await_job(self, job: str, wait_s: float, seen: str | None) -> tuple[dict[str, Any], str]:
        self.asked.append((wait_s, seen))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer, f"etag{len(self.asked)}"


class Seen:
    def __init__(self) -> None:
        self.states: list[str] = []
        self.troubles: list[str] = []

    def show(self, job: dict[str, Any]) -> None:
        self.states.append(job["state"])

    def trouble(self, text: str) -> None:
        self.troubles.append(text)


class FakeTime:
    """Sleeping is what makes time pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(following, "time", fake)
    return fake


def test_it_ends_with_the_job() -> None:
    seen = Seen()
    ended = follow(Script(job("queued"), job(), job("succeeded")), ID, seen, None)
    assert ended["state"] == "succeeded"
    assert seen.states == ["queued", "running"]


def test_each_question_says_what_was_seen() -> None:
    script = Script(job("queued"), job("succeeded"))
    follow(script, ID, Seen(), None)
    assert script.asked == [(following.POLL_S, None), (following.POLL_S, "etag1")]


@pytest.mark.parametrize("trouble", [AWAY, Refused(503, "STORE_UNAVAILABLE", "no store", "", {})])
def test_an_api_that_comes_back_is_waited_for(trouble: Exception) -> None:
    seen = Seen()
    ended = follow(Script(job(), trouble, trouble, job("succeeded")), ID, seen, None)
    assert ended["state"] == "succeeded"
    assert seen.troubles == ["", *["the API does not answer, trying again…"] * 2, ""]


def test_patience_ends(time: FakeTime) -> None:
    with pytest.raises(Unreachable):
        follow(Script(AWAY), ID, Seen(), None)
    assert following.PATIENCE_S <= time.now <= following.PATIENCE_S + 2


def test_another_error_is_not_waited_out() -> None:
    with pytest.raises(Refused):
        follow(Script(Refused(404, "NOT_FOUND", "no such task", "", {})), ID, Seen(), None)


def test_a_time_limit_of_one_s_own(time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "session", lambda: type("S", (), {"flag": " -c lab"}))

    class Slow(Script):
        def await_job(self, job: str, wait_s: float, seen: str | None) -> tuple[dict[str, Any], str]:
            time.sleep(wait_s)
            return super().await_job(job, wait_s, seen)

    with pytest.raises(TimedOut) as caught:
        follow(Slow(job()), ID, Seen(), 45)
    assert time.now == 45
    assert "pvc -c lab task wait" in caught.value.remedy


def test_an_api_that_does_not_let_us_wait_is_not_stormed(time: FakeTime) -> None:
    class Busy(Script):
        def await_job(self, job: str, wait_s: float, seen: str | None) -> tuple[dict[str, Any], str]:
            return super().await_job(job, wait_s, seen)[0], "same"

    follow(Busy(*[job()] * 5, job("succeeded")), ID, Seen(), None)
    assert time.now == 4 * following.UNCHANGED_PAUSE_S
