"""qemu-img, run on strangers' images: under limits, dying with us, reading nothing but what it is given.

The image's format and where it lies are said in full, so that nothing is probed, and that it has no backing
file whatever its header says. The storage's key is in a file whose path is in the environment.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pvc_core.errors import StorageUnavailable
from pvc_core.model.image_format import ImageFormat, InvalidImage
from pvc_drivers.blocks.port import Tell

LOOK_S = 60
MEMORY = 4 << 30
"""Of addresses: librados takes plenty, what it uses is far less."""
GUARD = ("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "prlimit", f"--as={MEMORY}", "--core=0")
LISTEN_S = 0.5
NO_CHECK = 63
"""The format has no check of its own."""
FOUND = (0, 2, 3)
"""It was checked: sound, corrupt, only leaking."""
COROUTINES = "8"
NOISE = re.compile(r"warning:|^\s*$")


@dataclass(frozen=True)
class QemuImg:
    conf: Path
    client: str
    keyring: Path

    def inspect(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        code, said = self._ask("info", "--output=json", self._image(pool, volume, form))
        return _read(code == 0, said)

    def find_faults(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        code, said = self._ask("check", "--output=json", self._image(pool, volume, form))
        return {} if code == NO_CHECK else _read(code in FOUND, said)

    def convert(self, pool: str, volume: str, form: ImageFormat, target: str, size: int, tell: Tell) -> None:
        """The target reads as zeros; what is zero is not written."""
        words = ["convert", "-p", "-n", "-W", "-m", COROUTINES, "-t", "none", "-T", "none"]
        words += ["--target-is-zero", "-O", "raw", self._image(pool, volume, form)]
        with self._begun([*words, self._image(pool, target, "raw")]) as (program, said):
            _follow(program, size, tell)
            if program.wait(LOOK_S):
                raise InvalidImage(f"qemu-img cannot read the image: {_last_line(said)}")

    def _ask(self, *words: str) -> tuple[int, tuple[str, str]]:
        argv = [*GUARD, f"--cpu={LOOK_S}", "--", "qemu-img", *words]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                timeout=LOOK_S, env=self._environment(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise StorageUnavailable(f"qemu-img {words[0]} has not ended within {LOOK_S} s") from None
        return done.returncode, (done.stdout, done.stderr)

    @contextmanager
    def _begun(self, words: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
        """Killed when whoever follows it leaves early."""
        argv = [*GUARD, "--", "qemu-img", *words]
        with tempfile.TemporaryFile() as said:
            program = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=self._environment()
            )
            try:
                yield program, said
            finally:
                program.kill()
                program.wait()

    def _image(self, pool: str, volume: str, form: ImageFormat) -> str:
        place = {"driver": "rbd", "pool": pool, "image": volume, "conf": str(self.conf), "user": self.client}
        alone = {} if form in ("raw", "vdi") else {"backing": None}
        return "json:" + json.dumps({"driver": form, **alone, "file": place})

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "CEPH_KEYRING": str(self.keyring), "LC_ALL": "C"}


def _follow(program: subprocess.Popen[bytes], size: int, tell: Tell) -> None:
    """Until it says no more; `tell` is called all the time, as it may want it to end."""
    assert program.stdout is not None
    share, rest = 0.0, b""
    while True:
        if select.select([program.stdout], [], [], LISTEN_S)[0]:
            more = os.read(program.stdout.fileno(), 4096)
            if not more:
                return
            share, rest = _parse_share(rest + more, share)
        tell(int(size * share), size)


def _parse_share(said: bytes, before: float) -> tuple[float, bytes]:
    """The last of `(12.34/100%)`, and what may be the beginning of the next."""
    *lines, rest = said.split(b"\r")
    for line in reversed(lines):
        if found := re.search(rb"\(([0-9.]+)/100%\)", line):
            return float(found.group(1)) / 100, rest
    return before, rest[-100:]


def _read(good: bool, said: tuple[str, str]) -> Mapping[str, Any]:
    try:
        found = json.loads(said[0]) if good else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidImage(f"qemu-img cannot read the image: {_sentence(said[1])}")
    return found


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    return _sentence(said.read(65536).decode(errors="replace"))


def _sentence(said: str) -> str:
    """Its last words, without where we keep the image."""
    lines = [line for line in said.splitlines() if not NOISE.search(line)]
    last = re.sub(r"'?json:\{.*\}'?", "the image", lines[-1]) if lines else "it does not say why"
    return last.removeprefix("qemu-img: ")[:300]
