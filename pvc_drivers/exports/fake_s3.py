"""A server in this process that speaks as much S3 as exports need, and can be made to fail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 2
"""So few names in an answer that every listing has several pages."""
KEPT = "x-amz-meta-"


@dataclass(frozen=True)
class Stored:
    data: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class FakeS3:
    """What it holds and how it behaves; both may be changed at any time."""

    bucket: str = "exports"
    access_key: str = "AKFAKE"
    held: dict[str, Stored] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refusing: tuple[int, str] | None = None
    """How every request is answered."""
    torn: int = 0
    """So many of the next bodies break off in the middle."""
    knows_conditions: bool = True
    answering: Event = field(default_factory=Event)
    """While it is not set, nothing is answered."""
    silent_from: str = ""
    """The request with which it falls silent, once."""
    url: str = ""

    def note(self, request: str) -> None:
        self.asked.append(request)
        if request == self.silent_from:
            self.silent_from = ""
            self.answering.clear()

    @contextmanager
    def serving(self) -> Iterator[FakeS3]:
        handler = type("Bound", (Answerer,), {"home": self})
        server = QuietServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.answering.set()
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            self.answering.set()
            server.shutdown()
            server.server_close()


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has hung up."""


class Answerer(BaseHTTPRequestHandler):
    home: FakeS3
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        return

    def _serve(self) -> None:
        """One request, in the order in which S3 checks."""
        home, where = self.home, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        bucket, _, key = unquote(where.path).strip("/").partition("/")
        home.note(f"{self.command} {key}")
        home.answering.wait()
        if home.refusing is not None:
            return self._refuse(*home.refusing)
        if f"Credential={home.access_key}/" not in self.headers.get("Authorization", ""):
            return self._refuse(403, "InvalidAccessKeyId")
        if bucket != home.bucket:
            return self._refuse(404, "NoSuchBucket")
        if self.command == "PUT":
            return self._put(key, body)
        return self._get(key) if key else self._list(parse_qs(where.query))

    def _put(self, key: str, body: bytes) -> None:
        if self.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return self._refuse(400, "XAmzContentSHA256Mismatch")
        if self.headers.get("If-None-Match"):
            if not self.home.knows_conditions:
                return self._refuse(501, "NotImplemented")
            if key in self.home.held:
                return self._refuse(412, "PreconditionFailed")
        kept = {
            name.lower().removeprefix(KEPT): value
            for name, value in self.headers.items()
            if name.lower().startswith(KEPT)
        }
        self.home.held[key] = Stored(body, kept)
        return self._answer(200, b"")

    def _get(self, key: str) -> None:
        found = self.home.held.get(key)
        if found is None:
            return self._refuse(404, "NoSuchKey")
        headers = {f"{KEPT}{name}": value for name, value in found.metadata.items()}
        if self.home.torn and self.command == "GET":
            self.home.torn -= 1
            self.close_connection = True
            return self._answer(200, found.data, headers, found.data[: len(found.data) // 2])
        return self._answer(200, found.data, headers)

    def _list(self, query: Mapping[str, list[str]]) -> None:
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        names = {key.removeprefix(prefix).partition("/") for key in self.home.held if key.startswith(prefix)}
        left = sorted(name for name, slash, _ in names if slash and name > after)
        page, more = sorted(set(left))[:PAGE], len(set(left)) > PAGE
        found = "".join(
            f"<CommonPrefixes><Prefix>{escape(prefix + one)}/</Prefix></CommonPrefixes>" for one in page
        )
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        text = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{found}"
        self._answer(200, f"<ListBucketResult>{text}</ListBucketResult>".encode())

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _answer(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, sent: bytes | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if sent is None else sent)
