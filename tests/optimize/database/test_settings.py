"""Which PostgreSQL is meant: environment, config.py, or our own server; never half of one."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from optimize.database.connect import resolve_settings
from optimize.database.settings import GROUP, DatabaseSettings
from strategy.errors import DatabaseSettingsError
from tests.optimize.database.passwords import ODD_PASSWORDS

COMPLETE = {
    "PG_HOST": "db.example",
    "PG_PORT": "6543",
    "PG_DATABASE": "studies",
    "PG_USER": "quant",
    "PG_PASSWORD": "s3cret",
}


def set_group(monkeypatch: pytest.MonkeyPatch, group: dict[str, str]) -> None:
    for name, value in group.items():
        monkeypatch.setenv(name, value)


def write_config(root: Path, text: str) -> None:
    (root / "config.py").write_text(text, encoding="utf-8")


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_group(monkeypatch, COMPLETE)
    write_config(tmp_path, "PG_HOST = 'other'\n")
    settings = resolve_settings(tmp_path)
    assert (settings.host, settings.port, settings.database, settings.user, settings.source) == (
        "db.example",
        6543,
        "studies",
        "quant",
        "environment",
    )
    assert settings.environment() == COMPLETE


def test_config_file_comes_second(tmp_path: Path) -> None:
    write_config(
        tmp_path,
        '"""Mine."""\nimport os\n\nPG_HOST = "db.example"\nPG_PORT: int = 6543\n'
        'PG_DATABASE = "studies"\nPG_USER = "quant"\nPG_PASSWORD = "s3cret"\n'
        "OTHER = os.environ.get('X', '')\n",
    )
    settings = resolve_settings(tmp_path)
    assert settings.source == "config.py"
    assert settings.environment() == COMPLETE


def test_config_file_is_never_run(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    write_config(tmp_path, f"open({str(witness)!r}, 'w').close()\nPG_HOST = None\n")
    assert resolve_settings(tmp_path).source == "embedded"
    assert not witness.exists()


def test_nothing_set_means_our_own_server(tmp_path: Path) -> None:
    settings = resolve_settings(tmp_path)
    assert settings.source == "embedded"
    assert settings.host == "127.0.0.1"
    assert len(settings.password.get_secret_value()) >= 24
    assert resolve_settings(tmp_path) == settings


def test_a_group_of_empty_texts_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_group(monkeypatch, dict.fromkeys(GROUP, ""))
    assert resolve_settings(tmp_path).source == "embedded"


@pytest.mark.parametrize("left_out", GROUP)
@pytest.mark.parametrize("place", ["environment", "config.py"])
def test_a_partly_set_group_is_refused_and_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left_out: str, place: str
) -> None:
    group = {name: value for name, value in COMPLETE.items() if name != left_out}
    if place == "environment":
        set_group(monkeypatch, group)
    else:
        write_config(tmp_path, "".join(f"{name} = {value!r}\n" for name, value in group.items()))
    with pytest.raises(DatabaseSettingsError, match=f"^{left_out} is missing in .*{place}") as got:
        resolve_settings(tmp_path)
    assert "\n" not in str(got.value)
    assert "s3cret" not in str(got.value)


def test_the_two_places_are_never_mixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_PASSWORD", "s3cret")
    write_config(tmp_path, "".join(f"{name} = {value!r}\n" for name, value in COMPLETE.items()))
    with pytest.raises(
        DatabaseSettingsError, match=r"^PG_HOST, PG_PORT, PG_DATABASE, PG_USER are missing"
    ):
        resolve_settings(tmp_path)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "54x2", "5432.5"])
def test_a_port_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: str
) -> None:
    set_group(monkeypatch, {**COMPLETE, "PG_PORT": port})
    with pytest.raises(DatabaseSettingsError, match="PG_PORT in the environment is not usable"):
        resolve_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('PG_HOST = "a"\nPG_PASSWORD = open("s3cret").read()\n', 2),
        ('PG_PASSWORD = f"s3cret{1}"\n', 1),
        ('PG_PORT = ["s3cret"]\n', 1),
        ('PG_HOST = "a"\nPG_PASSWORD = "s3cret\n', 2),
        ("PG_PORT = True\n", 1),
        ("PG_PORT = " + 3000 * "-" + "1\n", 1),
        ("PG_PORT = " + 3000 * "[" + 3000 * "]" + "\n", 1),
        ("UNRELATED = " + 100_000 * "-" + "1\n", 1),
    ],
)
def test_config_file_without_plain_values_is_refused_by_line_without_its_content(
    tmp_path: Path, text: str, line: int
) -> None:
    write_config(tmp_path, text)
    with pytest.raises(DatabaseSettingsError, match=f"line {line}") as got:
        resolve_settings(tmp_path)
    assert "s3cret" not in str(got.value)


@pytest.mark.parametrize("password", ODD_PASSWORDS)
def test_any_password_survives_and_shows_nowhere(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    password: str,
) -> None:
    set_group(monkeypatch, {**COMPLETE, "PG_PASSWORD": password})
    caplog.set_level(logging.DEBUG)
    settings = resolve_settings(tmp_path)
    assert settings.sqlalchemy_url().password == password
    assert settings.sqlalchemy_url().drivername == "postgresql+psycopg2"
    shown = [repr(settings), str(settings), settings.address, str(settings.sqlalchemy_url())]
    shown += [settings.model_dump_json(), repr(settings.sqlalchemy_url()), caplog.text]
    assert not [text for text in shown if password in text]


def test_a_refused_value_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as got:
        DatabaseSettings(
            host="h",
            port=0,
            database="d",
            user="u",
            password=SecretStr("s3cret"),
            source="environment",
        )
    assert "s3cret" not in str(got.value)


def test_settings_built_by_hand_take_nothing_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOST", "elsewhere")
    monkeypatch.setenv("PG_HOST", "elsewhere")
    with pytest.raises(ValidationError, match="host"):
        DatabaseSettings(port=1, database="d", user="u", password="p", source="environment")
