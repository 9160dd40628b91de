"""`rorq download`: from the key to the closing line."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rorq_pipeline.cli import main
from strategy.market_data import list_sessions
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, serve

DAY = date(2023, 1, 3)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    provider = FakeProvider()
    provider.add_session("SPY", DAY, [384.2 + (i % 7) * 0.35 for i in range(150)])
    with serve(provider):
        yield provider


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    return tmp_path


def rorq(provider: FakeProvider, *options: str) -> Result:
    dates = ("--start", "2023-01-03", "--end", "2023-01-04")
    arguments = ["download", *dates, "--base-url", provider.url, *options]
    return CliRunner().invoke(main, arguments)


def test_sessions_come_and_are_told(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    first = rorq(provider)
    assert first.exit_code == 0, first.output
    assert "1 sessions of SPY written" in first.output
    assert "10 requests" not in first.output  # the empty day took one more
    assert "11 requests" in first.output
    assert "8 contracts with bars, 0 without any" in first.output
    assert "1 sessions (2023-01-04) are empty at the provider" in first.output
    assert KEY not in first.output
    assert list_sessions(home / "polygon_cache", "SPY") == [DAY]
    assert "0 sessions of SPY written" in rorq(provider).output


def test_the_key_may_stand_in_the_config_file(home: Path, provider: FakeProvider) -> None:
    (home / "config.py").write_text(f"POLYGON_API_KEY = {KEY!r}\n")
    assert rorq(provider).exit_code == 0


def test_a_missing_key_is_one_line_with_the_remedy(home: Path, provider: FakeProvider) -> None:
    result = rorq(provider)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: POLYGON_API_KEY is not set")
    assert result.stderr.count("\n") == 1
    assert not provider.requests


def test_a_refused_key_is_one_line_without_the_key(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", "an0ther-key")
    result = rorq(provider)
    assert result.exit_code == 1
    assert "Unknown API Key" in result.stderr
    assert "an0ther-key" not in result.output


def test_a_search_space_file_decides_the_contracts(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    (home / "space.toml").write_text('option_selection_mode = ["itm"]\n')
    result = rorq(provider, "--search-space", str(home / "space.toml"))
    assert result.exit_code == 0, result.output
    assert "6 contracts with bars" in result.output


def test_a_start_after_the_end_is_one_line(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    result = rorq(provider, "--start", "2023-01-09")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: start 2023-01-09 is after end 2023-01-04")
