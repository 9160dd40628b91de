"""A real Dagster deployment on loopback, started as a user starts it, and spoken to by GraphQL."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optimize.database.connect import DatabaseSettings
from tests.machine import free_port, wait_until

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "rorq_pipeline"}
START_SECONDS = 120.0


class Deployment:
    """`rorq dev` in a folder of its own, all of whose processes can be found and killed."""

    def __init__(self, home: Path, database: DatabaseSettings, **settings: str) -> None:
        self.home = home
        self.cache = home / "polygon_cache"
        self.artifacts = home / "artifacts"
        self.port = free_port()
        self._environment = {
            **os.environ,
            **database.environment(),
            "RORQ_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, again after a kill, and wait until the UI answers with the code loaded."""
        if self._process is not None:
            self._process.wait(10)
        with (self.home / "dev.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rorq_pipeline.cli", "dev", "--port", str(self.port)],
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        wait_for(self._is_loaded, START_SECONDS, "the UI with the code location", self.log)

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """`rorq dev` itself."""
        assert self._process is not None
        return self._process

    @property
    def is_up(self) -> bool:
        """Whether `rorq dev` itself lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it as Ctrl-C does, then make sure that nothing is left."""
        if self.is_up:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        self.kill_everything()

    def kill_everything(self) -> None:
        """SIGKILL every process of the deployment, as when a machine goes down."""
        for pid in self.processes():
            _kill(pid)
        if self._process is not None:
            self._process.wait(10)

    def processes(self) -> list[int]:
        """Ids of all living processes that carry the deployment's environment."""
        mark = f"RORQ_HOME={self.home}".encode()
        return [pid for pid, environment in _environments() if mark in environment]

    def processes_matching(self, *parts: str) -> list[int]:
        """Those whose command line holds every part."""
        found = []
        for pid in self.processes():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if all(part in command for part in parts):
                found.append(pid)
        return found

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the web server."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def launch(self, job: str, partition: str, config: dict[str, Any]) -> str:
        """Launch a job for a partition, as the launchpad does; return the run's id."""
        self.graphql(_ADD_PARTITION, selector=REPOSITORY, key=partition)
        answer = self.graphql(
            _LAUNCH,
            params={
                "selector": {**REPOSITORY, "jobName": job},
                "runConfigData": config,
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
            },
        )["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run_id: str = answer["run"]["runId"]
        return run_id

    def runs(self) -> list[dict[str, Any]]:
        """All runs, youngest first, tags as a dict."""
        runs = self.graphql(_RUNS)["runsOrError"]["results"]
        return [{**run, "tags": {t["key"]: t["value"] for t in run["tags"]}} for run in runs]

    def is_materialized(self, asset: str, partition: str) -> bool:
        """Whether Dagster has a materialization of the asset's partition."""
        node = self.graphql(_MATERIALIZED, key={"path": [asset]}, partitions=[partition])
        return bool(node["assetNodeOrError"]["assetMaterializations"])

    def log(self) -> str:
        """The last lines that the deployment wrote."""
        return "\n".join((self.home / "dev.log").read_text(errors="replace").splitlines()[-60:])

    def _is_loaded(self) -> bool:
        pages = map(parent_of, self.processes_matching("dagster_webserver"))
        if list(pages) != [self.process.pid]:  # what a killed one left may still answer
            return False
        try:
            answer = self.graphql(_LOCATIONS)["repositoriesOrError"]
        except (OSError, urllib.error.URLError):
            return False
        return bool(answer.get("nodes"))


def wait_for(
    condition: Callable[[], bool],
    seconds: float,
    what: str,
    log: Callable[[], str],
    poll_seconds: float = 0.5,
) -> None:
    """Poll; fail with the log when the time is over."""
    wait_until(
        condition, seconds=seconds, what=lambda: f"{what}\n{log()}", poll_seconds=poll_seconds
    )


@contextmanager
def deployed(home: Path, database: DatabaseSettings, **settings: str) -> Iterator[Deployment]:
    """A deployment that is gone afterwards, whatever happens."""
    deployment = Deployment(home, database, **settings)
    try:
        yield deployment
    finally:
        deployment.stop()


def parent_of(pid: int) -> int:
    """Id of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                yield int(entry.name), (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


_LOCATIONS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
_ADD_PARTITION = """
mutation($selector: RepositorySelector!, $key: String!) {
  addDynamicPartition(
    repositorySelector: $selector, partitionsDefName: "backtest_range", partitionKey: $key
  ) { __typename }
}"""
_LAUNCH = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}"""
_RUNS = """
{ runsOrError { ... on Runs { results {
  runId status jobName parentRunId tags { key value } } } } }"""
_MATERIALIZED = """
query($key: AssetKeyInput!, $partitions: [String!]) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetMaterializations(partitions: $partitions, limit: 1) { runId } }
  }
}"""
