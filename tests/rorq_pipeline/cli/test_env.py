"""`rorq env`, as a shell reads it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from optimize.database.connect import DatabaseSettings, ensure_database
from rorq_pipeline.project.paths import ProjectPaths
from tests.rorq_pipeline.conftest import small_config

Rorq = Callable[..., Result]
pytestmark = pytest.mark.timeout(300)


def shell(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)


def lines(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_lines_say_everything_that_dagster_needs(
    sampled_project: ProjectPaths,
    rorq: Rorq,
    database: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ensured(root: Path, **how: bool) -> DatabaseSettings:
        assert how == {"keep_running": True}  # it outlives this process
        return ensure_database(root, **how)

    monkeypatch.setattr("optimize.database.connect.ensure_database", ensured)
    monkeypatch.setenv("RORQ_TICKERS", "SPY,QQQ")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    answer = shell(lines(rorq("env")) + "env")
    values = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    assert values["DAGSTER_CLI_ASSET_MATERIALIZE_MODULE_NAME"] == "rorq_pipeline.definitions"
    assert values["DAGSTER_CLI_ASSET_MATERIALIZE_PARTITION"] == "2023-01-03_2023-01-31"
    assert (Path(values["DAGSTER_HOME"]) / "dagster.yaml").is_file()
    assert values["PG_DATABASE"] == database.database
    assert values["PG_PASSWORD"] == database.password.get_secret_value()
    assert "DAGSTER_MODULE_NAME" not in values
    assert values["PATH"] == f"{Path(sys.executable).parent}:/usr/bin:/bin"
    paths = [sampled_project.root, sampled_project.cache, sampled_project.artifacts]
    assert [values[f"RORQ_{n}"] for n in ("HOME", "CACHE", "ARTIFACTS")] == list(map(str, paths))


def test_any_password_survives_the_shell(
    sampled_project: ProjectPaths, rorq: Rorq, monkeypatch: pytest.MonkeyPatch
) -> None:
    nasty = "a b'\"$HOME`id`\\!#%@/:é"
    monkeypatch.setattr(
        DatabaseSettings, "environment", lambda self: {**_environment(self), "X_PASSWORD": nasty}
    )
    answer = shell(lines(rorq("env", "2023-01-03_2023-01-04")) + 'printf %s "$X_PASSWORD"')
    assert answer.stdout == nasty


@pytest.mark.slow
def test_dagsters_own_command_runs_as_typed(sampled_project: ProjectPaths, rorq: Rorq) -> None:
    config = small_config("optimization")
    script = f"{lines(rorq('env'))} cd {sampled_project.root} && {sys.executable} -m dagster asset"
    script += f" materialize --select optimization --config-json '{config}'"
    answer = shell(script)
    assert answer.returncode == 0, answer.stderr[-3000:]
    outcome = sampled_project.artifacts / "optimization" / "2023-01-03_2023-01-31.json"
    assert outcome.is_file()
    assert sorted(path.name for path in sampled_project.root.iterdir()) == [
        ".rorq",
        "artifacts",
        "polygon_cache",
    ]


def test_without_a_session_a_range_must_be_named(
    project: ProjectPaths,
    rorq: Rorq,
    database_environment: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = rorq("env")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "rorq sample" in refused.stderr
    monkeypatch.setenv("RORQ_CACHE", "s3://market/prices")  # no bucket is asked for a named one
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", f"/usr/bin:{Path(sys.executable).parent}")
    first, *_ = lines(rorq("env", "2023-01-03_2023-01-04")).splitlines()
    assert first == f"export RORQ_HOME={project.root}"


def test_a_wrong_password_is_one_line(
    project: ProjectPaths,
    rorq: Rorq,
    database_environment: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PG_PASSWORD", "not-the-password")
    refused = rorq("env", "2023-01-03_2023-01-04")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "password" in refused.stderr
    assert "not-the-password" not in refused.stderr


_environment = DatabaseSettings.environment
