"""A scheduler and workers on loopback, each a process started with an empty environment."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.machine import free_port

ROOT = Path(__file__).parents[3]
_RUN = "from distributed.cli.dask_{0} import main; main()"
_QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1")


class Loopback:
    """Processes of one cluster; to be ended with `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0

    def start_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", "--port", str(self.port), *_QUIET)

    def start_worker(
        self, before: str = "", *, python: tuple[str, ...] = (), cwd: Path = ROOT
    ) -> str:
        """Start a worker that runs some lines first; return its name."""
        name = f"worker{self._started}"
        self.workers[name] = self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--name", name,
            "--local-directory", str(self.folder / "dask"), "--death-timeout", "60", *_QUIET,
            before=before, python=python, cwd=cwd,
        )  # fmt: skip
        return name

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)

    def stop(self) -> None:
        for process in (self.scheduler, *self.workers.values()):
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self.kill(process)

    def _start(
        self,
        kind: str,
        *arguments: str,
        before: str = "",
        python: tuple[str, ...] = (),
        cwd: Path = ROOT,
    ) -> "subprocess.Popen[bytes]":
        self._started += 1
        with (self.folder / f"{self._started}-{kind}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *python, "-c", f"{before}\n{_RUN.format(kind)}", *arguments],
                env={},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@contextlib.contextmanager
def loopback(folder: Path, *, n_workers: int = 2) -> Iterator[Loopback]:
    """A cluster that is starting: who connects waits for it."""
    cluster = Loopback(folder)
    try:
        cluster.start_scheduler()
        for _ in range(n_workers):
            cluster.start_worker()
        yield cluster
    finally:
        cluster.stop()
