"""`rorq dashboard`: Optuna's pages on our database, on loopback."""

import socket

import optuna
import pytest
from click.testing import CliRunner

from optimize.database.settings import DatabaseSettings
from optimize.storage.schema import rdb_storage
from rorq_pipeline.cli import main


def test_it_shows_the_studies_of_our_database_on_loopback(
    database_environment: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    optuna.create_study(study_name="shown", storage=rdb_storage(database_environment))
    asked: dict[str, object] = {}

    def serve(storage: optuna.storages.RDBStorage, host: str, port: int) -> None:
        asked.update(host=host, port=port, names=[s.study_name for s in storage.get_all_studies()])

    monkeypatch.setattr("optuna_dashboard.run_server", serve)
    result = CliRunner().invoke(main, ["dashboard"])
    assert result.exit_code == 0, result.output
    assert asked == {"host": "127.0.0.1", "port": 8080, "names": ["shown"]}
    assert result.output == f"studies of {database_environment.address} on http://127.0.0.1:8080\n"


def test_a_taken_port_is_one_line(database_environment: DatabaseSettings) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        result = CliRunner().invoke(main, ["dashboard", "--port", str(port)])
    assert result.exit_code == 1
    assert f"port {port} of 127.0.0.1 is taken by process" in result.stderr
