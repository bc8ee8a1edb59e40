"""A headless Chromium, led through chromedriver's own HTTP interface."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

PICTURES = Path("build/screenshots")
PROGRAMS = ("chromium", "chromedriver")
# Without these Chromium asks Google's hosts for updates at every start.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--window-size=1200,1600", *QUIET]
TAB = "\ue004"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def absent() -> str:
    """Why there is no browser; empty when there is one."""
    gone = [name for name in PROGRAMS if not shutil.which(name)]
    return f"not installed: {', '.join(gone)}" if gone else ""


class Browser:
    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(prefix="pvc-browser-")
        port = _free_port()
        self._driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self._url = f"http://127.0.0.1:{port}"
        self._await_driver()
        options = {"args": [*FLAGS, f"--user-data-dir={self._profile.name}"]}
        wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
        self._url += f"/session/{self._tell('/session', capabilities=wanted)['sessionId']}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if value is not None:
                self.screenshot("failed")
            requests.delete(self._url, timeout=10)
        finally:
            self._driver.kill()
            self._driver.wait()
            self._profile.cleanup()

    def open(self, url: str) -> None:
        self._tell("/url", url=url)

    def find(self, xpath: str, within: float = 20) -> str:
        """The first element that matches, once it is there."""
        deadline = time.monotonic() + within
        while not (found := self._tell("/elements", using="xpath", value=xpath)):
            assert time.monotonic() < deadline, f"nothing on the page is {xpath}"
            time.sleep(0.1)
        return str(found[0][ELEMENT])

    def click(self, xpath: str) -> None:
        """By script: a click at a place fails while something still slides over it."""
        element = {ELEMENT: self.find(xpath)}
        self._tell("/execute/sync", script="arguments[0].click()", args=[element])

    def type(self, xpath: str, text: str) -> None:
        """And leave the field: only then the page takes the text at once."""
        self._tell(f"/element/{self.find(xpath)}/value", text=text + TAB)

    def text(self, xpath: str) -> str:
        element = {ELEMENT: self.find(xpath)}
        return str(self._tell("/execute/sync", script="return arguments[0].textContent", args=[element]))

    def screenshot(self, name: str) -> None:
        picture = requests.get(f"{self._url}/screenshot", timeout=20).json()["value"]
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(picture))

    def _tell(self, path: str, **words: Any) -> Any:
        answer = requests.post(f"{self._url}{path}", json=words, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def _await_driver(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                requests.get(f"{self._url}/status", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError("chromedriver does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
