"""Following a log by its cursor, through an API that comes and goes."""

from __future__ import annotations

from typing import Any

import pytest

from pvc_cli import tail
from pvc_cli.exits import Refused
from pvc_core.errors import PvcError, Unreachable


class Enough(Exception):
    pass


class Api:
    """Answers in turn, and notes what it was asked."""

    def __init__(self, *answers: dict[str, Any] | PvcError) -> None:
        self._answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def get(self, path: str, **query: Any) -> Any:
        self.asked.append((path, query))
        if not self._answers:
            raise Enough
        answer = self._answers.pop(0)
        if isinstance(answer, PvcError):
            raise answer
        return answer


def answer(first: int, *lines: str, lost: int = 0, note: str = "") -> dict[str, Any]:
    following = first + len(lines)
    return {"id": "a-b-c", "first": first, "lines": lines, "next": following, "lost": lost, "note": note}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "PAUSE_S", 0.0)
    monkeypatch.setattr(tail, "UNCHANGED_PAUSE_S", 0.0)


def shown(api: Api, capsys: pytest.CaptureFixture[str], form: str = "table") -> tuple[str, str]:
    with pytest.raises(Enough):
        tail.follow_log(api, "/vm/web1/console", 20, form)
    out, err = capsys.readouterr()
    return out, err


def test_each_question_begins_where_the_last_answer_ended(capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(answer(5, "a", "b"), answer(7), answer(7, "c"))
    assert shown(api, capsys) == ("a\nb\nc\n", "")
    assert api.asked[0] == ("/vm/web1/console", {"lines": 20})
    assert [query["after"] for _, query in api.asked[1:]] == [7, 7, 8]


def test_who_waits_is_told_for_what_once(capsys: pytest.CaptureFixture[str]) -> None:
    slow = "hv1 has not handed over"
    api = Api(answer(0, "a"), answer(1, note=slow), answer(1, note=slow), answer(1, "b"), answer(2))
    assert shown(api, capsys) == ("a\nb\n", f"nothing new: {slow}\n")


def test_it_asks_by_identity_since_the_name_may_change(capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(answer(0, "a"))
    shown(api, capsys)
    assert api.asked[-1][0] == "/vm/a-b-c/console"


def test_lost_lines_are_counted_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(Api(answer(0, "a"), answer(41, "z", lost=40), answer(43, "y", lost=1)), capsys)
    assert out == "a\nz\ny\n"
    assert "40 lines were lost" in err and "1 line was lost" in err


def test_an_api_that_is_away_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    away = (Unreachable("gone"), Refused(503, "STORE_UNAVAILABLE", "no", "", {}))
    out, err = shown(Api(answer(0, "a"), *away, answer(1, "b")), capsys)
    assert out == "a\nb\n"
    assert err.count("trying again") == 1


def test_what_will_not_pass_ends_it() -> None:
    api = Api(answer(0, "a"), Refused(404, "NOT_FOUND", "there is no VM", "", {}))
    with pytest.raises(Refused):
        tail.follow_log(api, "/vm/web1/console", 20, "table")


def test_json_is_an_object_a_line_and_yaml_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Api(answer(7, "é")), capsys, "json")[0] == '{"line": 7, "text": "é"}\n'
    assert shown(Api(answer(7, "x")), capsys, "yaml")[0] == '- {"line": 7, "text": "x"}\n'


def test_a_log_that_is_not_there_yet_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no <log" in shown(Api(answer(0, note="its XML names no <log file=.../>")), capsys)[1]


def test_nothing_takes_over_the_terminal() -> None:
    assert tail.printable("a\tb\x1b[2J") == "a       b?[2J"
