"""qemu-img, run on strangers' images: under limits, dying with us, reading nothing but what it is given.

The image's format and where it lies are said in full, so that nothing is probed, and that it has no backing
file whatever its header says. The storage's key is in a file whose path is in the environment.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pvc_core.errors import StorageUnavailable
from pvc_core.model.image_format import ImageFormat
from pvc_drivers.blocks.port import Tell
from pvc_drivers.blocks.qemu_img_words import fault_of, parse_share, read_answer

LOOK_S = 60
COMPUTE_S = 50
"""Of these; the rest of the time it waits for the storage."""
MEMORY = 4 << 30
"""Of addresses: librados takes plenty, what it uses is far less."""
GUARD = ("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "prlimit", f"--as={MEMORY}", "--core=0")
LISTEN_S = 0.5
NO_CHECK = 63
"""The format has no check of its own."""
FOUND = (0, 2, 3)
"""It was checked: sound, corrupt, only leaking."""
COROUTINES = "8"


@dataclass(frozen=True)
class QemuImg:
    conf: Path
    client: str
    keyring: Path

    def inspect(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        return read_answer(self._ask("info", self._image(pool, volume, form), good=(0,))[1])

    def find_faults(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        code, said = self._ask("check", self._image(pool, volume, form), good=(*FOUND, NO_CHECK))
        return {} if code == NO_CHECK else read_answer(said)

    def convert(self, pool: str, volume: str, form: ImageFormat, target: str, size: int, tell: Tell) -> None:
        """The target reads as zeros; what is zero is not written."""
        words = ["convert", "-p", "-n", "-W", "-m", COROUTINES, "-t", "none", "-T", "none"]
        words += ["--target-is-zero", "-O", "raw", self._image(pool, volume, form)]
        with self._begun([*words, self._image(pool, target, "raw")]) as (program, said):
            _follow(program, size, tell)
            if code := program.wait(LOOK_S):
                raise fault_of(code, _all(said), target)

    def _ask(self, what: str, image: str, good: Collection[int]) -> tuple[int, str]:
        """What computes for too long is the image's fault, and ends by a signal of its own (SIGXCPU)."""
        argv = [*GUARD, f"--cpu={COMPUTE_S}:{LOOK_S}", "--", "qemu-img", what, "--output=json", image]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                timeout=LOOK_S, env=self._environment(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise StorageUnavailable(f"qemu-img {what} has not ended within {LOOK_S} s") from None
        if done.returncode not in good:
            raise fault_of(done.returncode, done.stderr)
        return done.returncode, done.stdout

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
            share, rest = parse_share(rest + more, share)
        tell(int(size * share), size)


def _all(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read(65536).decode(errors="replace")
