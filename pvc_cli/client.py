"""The API's client; knows HTTP and nothing of the terminal."""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import requests

from pvc_cli.connections import Connection
from pvc_cli.exits import Refused, is_away
from pvc_core.errors import InvalidRequest, PvcError, Unreachable

PREFIX = "/api/v1"
CONNECT_WITHIN_S = 5
ANSWER_WITHIN_S = 30
FILE_WITHIN_S = 120
FETCH_BYTES = 1 << 20
SUBMIT_ATTEMPTS = 3
PAUSE_S = 0.5

AS_TYPED = "surrogateescape"
"""Bytes that are no text come to us so from the command line: it is the API that says what they are not."""

Record = dict[str, Any]


def path_of(template: str, **parts: str) -> str:
    """`/node/<node>/flush` with its parts filled in; a part cannot leave its place in the path."""
    for name, part in parts.items():
        if part in ("", ".", "..") or "/" in part:
            raise InvalidRequest(f"{part!r} cannot be the name of a {name}", "Check the spelling.")
        template = template.replace(f"<{name}>", quote(part, safe="", errors=AS_TYPED))
    return template


class Client:
    """One cluster's API; raises Refused for its errors and Unreachable when it does not answer.

    Where it has several addresses, the next is asked when one is away: what changes something carries a key,
    and is done once wherever it arrives.
    """

    def __init__(
        self,
        connection: Connection,
        connect_s: float = CONNECT_WITHIN_S,
        answer_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._addresses = deque(address.rstrip("/") for address in connection.addresses)
        self._connect_s, self._answer_s = connect_s, answer_s
        self._session = requests.Session()
        # Neither proxies nor .netrc: the token goes to the address given and nowhere else.
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {connection.token}"

    def get(self, path: str, **query: Any) -> Any:
        return _decoded(self._ask("GET", path, query=query))

    def get_tagged(self, path: str) -> tuple[str, str]:
        """A text, and its version."""
        answer = self._ask("GET", path)
        return answer.content.decode(), answer.headers.get("ETag", "").strip('"')

    def submit(self, method: str, path: str, body: Record) -> Record:
        """Asks again when the answer is lost: the key makes it the same job."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        for attempt in range(1, SUBMIT_ATTEMPTS + 1):
            try:
                return _object(self._ask(method, path, body=body, headers=key))
            except Unreachable:
                if attempt == SUBMIT_ATTEMPTS:
                    raise
                time.sleep(PAUSE_S)
        raise AssertionError("the last attempt returns or raises")

    def await_job(self, job: str, wait_s: float, seen: str | None) -> tuple[Record, str]:
        """The job when it ends or differs from `seen`, or after `wait_s`; and what to call seen next."""
        query = {"wait": wait_s, "seen": seen}
        answer = self._ask("GET", path_of("/task/<task>", task=job), query, timeout=self._answer_s + wait_s)
        return _object(answer), answer.headers.get("ETag", "").strip('"')

    def send(self, path: str, offset: int, body: Iterable[bytes]) -> Record:
        """A body as it comes; where it is refused before its end, that may look like Unreachable."""
        kind = {"Content-Type": "application/octet-stream"}
        query = {"offset": offset}
        return _object(self._ask("PUT", path, query, headers=kind, timeout=FILE_WITHIN_S, data=body))

    def fetch(self, path: str, **query: Any) -> tuple[int, Iterator[bytes]]:
        """A file's length, and its parts; Unreachable when it breaks off."""
        answer = self._ask("GET", path, query, timeout=FILE_WITHIN_S, stream=True)
        return int(answer.headers["Content-Length"]), _parts(answer)

    def _ask(self, method: str, path: str, query: Record | None = None, **more: Any) -> requests.Response:
        """From the address that answered last, then from the others; of one whose body was begun to be sent,
        only the caller can send it again."""
        away: list[PvcError] = []
        for _ in range(1 if "data" in more else len(self._addresses)):
            try:
                return self._ask_at(self._addresses[0], method, path, query, **more)
            except PvcError as error:
                if not is_away(error):
                    raise
                away.append(error)
                self._addresses.rotate(-1)
        raise _nobody(away)

    def _ask_at(
        self,
        address: str,
        method: str,
        path: str,
        query: Record | None = None,
        body: Record | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                f"{address}{PREFIX}{path}",
                params=_query_string(query or {}),
                json=body,
                headers=headers,
                timeout=(self._connect_s, timeout or self._answer_s),
                allow_redirects=False,
                **more,
            )
        except requests.RequestException as error:
            raise Unreachable(f"{address} does not answer ({_reason(error)})") from None
        if answer.status_code >= 300:
            raise _refused(answer)
        return answer


def _query_string(query: Record) -> str:
    return urlencode({key: value for key, value in query.items() if value is not None}, errors=AS_TYPED)


def _nobody(away: Sequence[PvcError]) -> PvcError:
    """An API that answers says more than those that do not."""
    answered = next((error for error in away if isinstance(error, Refused)), None)
    return answered or Unreachable("; ".join(error.message for error in away))


def _parts(answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(FETCH_BYTES)
    except requests.RequestException as error:
        raise Unreachable(f"{answer.url.partition(PREFIX)[0]} broke off ({_reason(error)})") from None


def _object(answer: requests.Response) -> Record:
    record: Record = _decoded(answer)
    return record


def _decoded(answer: requests.Response) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        raise _not_pvc(answer) from None


def _refused(answer: requests.Response) -> Refused:
    """Something in between, a proxy perhaps, may answer with anything."""
    try:
        body = json.loads(answer.content)
        return Refused(answer.status_code, body["code"], body["message"], body["remedy"], body["details"])
    except (ValueError, KeyError, TypeError):
        return _not_pvc(answer)


def _not_pvc(answer: requests.Response) -> Refused:
    message = f"an answer (HTTP {answer.status_code}) that is not PVC's"
    return Refused(answer.status_code, "NOT_PVC", message, "Check the address: pvc connection list", {})


def _reason(error: requests.RequestException) -> str:
    """The innermost cause, in words."""
    if isinstance(error, requests.Timeout):
        return "timed out"
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return getattr(cause, "strerror", None) or type(cause).__name__
