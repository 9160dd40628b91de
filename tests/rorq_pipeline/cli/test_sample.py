"""`rorq sample` at the command line."""

from datetime import date

import pytest
from click.testing import CliRunner

from rorq_pipeline.cli import main
from strategy.market_data import list_sessions
from strategy.market_data.sample.generate import SampleSettings, sample_tables, stated_settings
from strategy.market_data.writing import write_session

WEEK = ["--start", "2023-01-03", "--end", "2023-01-05"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("RORQ_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(main, ["sample", *words])


def stated(cache, day):
    return stated_settings(cache / "SPY" / day, "SPY")


def test_makes_keeps_and_removes(run, tmp_path):
    made = run(*WEEK)
    assert (made.exit_code, made.stderr) == (0, "")
    written = f"3 synthetic sessions of SPY written to {tmp_path}, 0 were there already\n"
    kept = f"0 synthetic sessions of SPY written to {tmp_path}, 3 were there already\n"
    none = f"0 synthetic sessions of SPY written to {tmp_path}, 0 were there already\n"
    assert made.stdout == written
    assert stated(tmp_path, "2023-01-05") == SampleSettings(ticker="SPY", seed=0, edge=1.0)
    assert run(*WEEK).stdout == kept
    others = ["--seed", "5", "--edge", "1.5", "--edge-half-life-sessions", "20"]
    assert run(*WEEK, *others).stdout == none + (
        "3 synthetic sessions of another seed, edge or release stay as they are "
        "(first 2023-01-03); --force makes them anew\n"
    )
    assert run(*WEEK, *others, "--force").stdout == written
    assert stated(tmp_path, "2023-01-05") == SampleSettings(
        seed=5, edge=1.5, edge_half_life_sessions=20.0, edge_decays_from=date(2023, 1, 3)
    )
    assert "removed 1 synthetic sessions" in run("--remove", *WEEK[:3], "2023-01-03").stdout
    assert run("--remove").stdout == f"removed 2 synthetic sessions of SPY from {tmp_path}\n"
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
    days = [date(2023, 1, 4), date(2023, 1, 5)]
    tables = sample_tables(days[0], SampleSettings())
    for day in days:
        write_session(tmp_path, "SPY", day, tables, source="polygon")
    assert run(*WEEK).stdout == (
        f"1 synthetic sessions of SPY written to {tmp_path}, 0 were there already\n"
        "2 real sessions stay as they are (first 2023-01-04); a range that holds both kinds is "
        "refused\n"
    )
    run("--remove")
    assert list_sessions(tmp_path, "SPY") == days


def test_help_tells_the_defaults_and_not_the_former_options(run):
    told = " ".join(run("--help").stdout.split())
    assert "--seed INTEGER Other seeds give other sessions. [default: 0] --edge FLOAT" in told
    assert "0 for none, as a null test. [default: 1.0] --edge-half-life-sessions N" in told
    assert "--start" not in told
    assert "--end" not in told


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
