"""`rorq sample` at the command line."""

from datetime import date

import pytest
from click.testing import CliRunner

from rorq_pipeline.cli import main
from strategy.market_data import list_sessions
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from strategy.market_data.writing import write_session

WEEK = ["--start", "2023-01-03", "--end", "2023-01-05"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("RORQ_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(main, ["sample", *words])


def test_makes_keeps_and_removes(run, tmp_path):
    made = run(*WEEK)
    assert made.exit_code == 0, made.output
    assert "3 synthetic sessions of SPY written" in made.stdout
    assert "0 synthetic sessions of SPY written" in run(*WEEK).stdout
    assert "3 synthetic sessions of another seed" in run(*WEEK, "--seed", "5").stdout
    assert "3 synthetic sessions of SPY written" in run(*WEEK, "--seed", "5", "--force").stdout
    assert "removed 1 synthetic sessions" in run("--remove", *WEEK[:3], "2023-01-03").stdout
    assert "removed 2 synthetic sessions" in run("--remove").stdout
    assert list_sessions(tmp_path, "SPY") == []


def test_the_ticker_is_that_of_the_range_or_is_named(run, tmp_path, monkeypatch):
    monkeypatch.setenv("RORQ_TICKERS", "QQQ,SPY")
    days = "2023-01-03_2023-01-03"
    assert "1 synthetic sessions of SPY written" in run(days).stdout
    assert "1 synthetic sessions of IWM written" in run(days, "--ticker", "IWM").stdout
    refused = run(f"SPY_{days}", "--ticker", "IWM")
    assert (refused.exit_code, "expected one underlying" in refused.stderr) == (1, True)
    assert "removed 0 synthetic sessions of QQQ" in run("--remove").stdout
    assert len(list_sessions(tmp_path, "SPY")) == len(list_sessions(tmp_path, "IWM")) == 1


def test_real_sessions_are_kept_and_told(run, tmp_path):
    day = date(2023, 1, 4)
    write_session(tmp_path, "SPY", day, sample_tables(day, SampleSettings()), source="polygon")
    made = run(*WEEK)
    assert "2 synthetic sessions of SPY written" in made.stdout
    assert "1 real sessions stay as they are (first 2023-01-04)" in made.stdout
    run("--remove")
    assert list_sessions(tmp_path, "SPY") == [day]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--start", "2023-01-05", "--end", "2023-01-03"], "after end"),
        (["--start", "2023-01-07", "--end", "2023-01-08"], "no exchange session"),
        ([*WEEK, "--edge", "-1"], "edge -1"),
        ([*WEEK, "--seed", "-1"], "seed -1"),
        ([*WEEK, "--ticker", "../x"], "ticker"),
        (["--start", "1990-01-05", "--end", "2023-01-03"], "dates"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(run, tmp_path, words, message):
    result = run(*words)
    assert result.exit_code == 1
    assert message in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(errors) == 1
    assert list(tmp_path.iterdir()) == []


def test_usage_errors_say_what_is_needed(run):
    for words in ([], ["--start", "2023-01-03"], [*WEEK, "--edge", "much"]):
        assert run(*words).exit_code == 2
    assert "RANGE is needed" in run().stderr
