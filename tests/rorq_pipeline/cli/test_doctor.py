"""`rorq doctor`: every line is fine or names its remedy."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from optimize.database.settings import DatabaseSettings
from rorq_pipeline.cli import health, main
from rorq_pipeline.project.paths import ProjectPaths
from tests.machine import free_port


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectPaths:
    """A project that is well: it has a session folder, and the two ports are other ones."""
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setattr(health, "_PORTS", {free_port(): "rorq dev"})
    (tmp_path / "polygon_cache" / "SPY" / "2023-01-03").mkdir(parents=True)
    return ProjectPaths.resolve()


def finding(paths: ProjectPaths, subject: str) -> health.Finding:
    return next(found for found in health.examine(paths) if found.subject.startswith(subject))


def test_all_is_well(paths: ProjectPaths, database_environment: DatabaseSettings) -> None:
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "wrong" not in result.output
    assert "SPY 1 sessions 2023-01-03 to 2023-01-03" in result.output
    assert database_environment.password.get_secret_value() not in result.output


def test_an_empty_cache_and_a_bad_database_are_told_with_the_remedy(
    paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paths.cache / "SPY" / "2023-01-03").rmdir()
    monkeypatch.setenv("PG_HOST", "127.0.0.1")
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    lines = {line.split()[1]: line for line in result.output.splitlines()}
    assert lines["cache"].startswith("wrong")
    assert "rorq sample" in lines["cache"]
    assert lines["database"].startswith("wrong")
    assert "PG_PASSWORD" in lines["database"]
    assert lines["Python"].startswith("ok")


def test_a_taken_port_is_told(
    paths: ProjectPaths, database_environment: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        monkeypatch.setattr(health, "_PORTS", {port: "rorq dev"})
        monkeypatch.setattr(health, "_is_own_page", lambda _port: False)
        found = finding(paths, "port")
    assert found.remedy == "end it, or `rorq dev --port` another"


def test_a_full_disk_is_told(
    paths: ProjectPaths, database_environment: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_free_bytes", lambda _folder: 12_000_000)
    found = finding(paths, "disk")
    assert found.text.startswith("0.0 GB free")
    assert "free 1 GB" in found.remedy


def test_a_package_of_another_version_is_told(
    paths: ProjectPaths, database_environment: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda _name: ["numpy>=99", "no-such-package", 'massive>=99; extra == "download"'],
    )
    found = finding(paths, "packages")
    assert "numpy is " in found.text
    assert "no-such-package is not installed" in found.text
    assert "massive" not in found.text
    assert found.remedy == "run `make install`"


def test_a_folder_that_cannot_be_made_is_told(
    paths: ProjectPaths, database_environment: DatabaseSettings
) -> None:
    paths.artifacts.touch()
    assert "RORQ_ARTIFACTS" in finding(paths, "folders").remedy


@pytest.mark.parametrize(
    ("text", "told", "is_well"),
    [
        (None, "no run_config.yaml: the defaults hold", True),
        ("ops: {verdict: {config: {trades_to_trade: 12}}}", "run_config.yaml sets verdict", True),
        (
            "ops: {verdict: {config: {trades: 12}}}",
            "verdict: unknown verdict limit 'trades'",
            False,
        ),
        ("ops: {verdict: {config: {trades_to_trade: 5}}}", "below trades_to_reject 10", False),
        (
            "ops: {optimization: {config: {n_trials: many}}}",
            "optimization.n_trials is 'many'",
            False,
        ),
        ("ops: []", "ops is no mapping", False),
    ],
)
def test_the_projects_run_config_is_looked_at(
    paths: ProjectPaths, text: str | None, told: str, is_well: bool
) -> None:
    if text is not None:
        (paths.root / "run_config.yaml").write_text(text)
    found = health._run_config(paths)
    assert told in found.text
    assert found.is_well is is_well
