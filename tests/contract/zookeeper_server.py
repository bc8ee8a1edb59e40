"""A real ZooKeeper server for the tests: one member, a temporary directory, no root."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

JARS = [Path("/usr/share/java/zookeeper.jar"), Path("/usr/share/java/slf4j-simple.jar")]
MAIN_CLASS = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
START_PATIENCE_S = 30


def absent() -> str:
    """Why no server can be started; empty when one can."""
    gone = [str(jar) for jar in JARS if not jar.exists()]
    if shutil.which("java") is None:
        gone.append("java")
    return f"not installed: {', '.join(gone)} (apt install zookeeper)" if gone else ""


class ZookeeperServer:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = _free_port()

    def __enter__(self) -> ZookeeperServer:
        self.process = subprocess.Popen(self._command(), stdout=subprocess.DEVNULL, stderr=self._log())
        self._await_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _command(self) -> list[str]:
        options = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no"]
        class_path = ":".join(str(jar) for jar in JARS)
        return ["java", *options, "-cp", class_path, MAIN_CLASS, str(self._config())]

    def _config(self) -> Path:
        path = self.directory / "zoo.cfg"
        path.write_text(
            f"dataDir={self.directory}\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
            "tickTime=500\nadmin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n"
        )
        return path

    def _log(self) -> int:
        return (self.directory / "log").open("wb").fileno()

    def _await_start(self) -> None:
        deadline = time.monotonic() + START_PATIENCE_S
        while not self._serves():
            log = (self.directory / "log").read_text()
            assert self.process.poll() is None and time.monotonic() < deadline, log
            time.sleep(0.05)

    def _serves(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as link:
                link.sendall(b"srvr")
                return b"Mode:" in link.makefile("rb").read()
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
