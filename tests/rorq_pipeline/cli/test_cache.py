"""`rorq cache` at the command line."""

import io
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from rorq_pipeline.cli import cache, main
from strategy.market_data.schema import OPTIONS_FILE, UNDERLYING_FILE
from strategy.market_data.validation import records_of
from tests.strategy.market_data.sound_session import sound_tables, write_tables

DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 6))
Run = Callable[..., Result]


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    """Three sessions, with a missing one before the last."""
    for day in DAYS:
        open_utc = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
        write_tables(tmp_path / "cache", sound_tables(day, open_utc), day)
    return tmp_path / "cache"


@pytest.fixture
def run(cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("RORQ_CACHE", str(cache_dir))
    monkeypatch.setenv("RORQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *words: CliRunner().invoke(main, ["cache", *words])


def damage(cache_dir: Path, day: date, name: str = UNDERLYING_FILE) -> None:
    path = cache_dir / "SPY" / day.isoformat() / name
    path.write_bytes(path.read_bytes()[:-100])


def test_list_tells_source_size_and_health(run: Run, cache_dir: Path) -> None:
    damage(cache_dir, DAYS[1])
    done = run("list")
    assert done.exit_code == 0, done.output
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert lines["2023-01-03"][1:3] == ["polygon", "0.0"]
    assert lines["2023-01-03"][-2] == "sound"
    assert lines["2023-01-04"][-3:-1] == ["1", "errors"]
    assert done.stdout.splitlines()[-1] == (
        f"3 sessions of SPY, 0.1 MB, 1 with errors, in {cache_dir}; "
        "`rorq cache verify --warnings` tells every finding"
    )
    assert "…" not in done.stdout
    assert done.stderr == ""


def test_list_of_an_empty_cache_says_how_to_fill_it(run: Run) -> None:
    done = run("list", "--ticker", "QQQ")
    assert done.exit_code == 0
    assert "no session of QQQ is cached" in done.stdout
    assert "rorq sample" in done.stdout


def test_show_draws_the_day(run: Run) -> None:
    done = run("show", "2023-01-03")
    assert done.exit_code == 0, done.output
    assert "399.10, 400.90" in done.stdout
    assert "12:00" in done.stdout
    assert "• price" in done.stdout
    strikes = [line for line in done.stdout.splitlines() if "400.00" in line and "█" in line]
    assert len(strikes) == 1
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if "warning" not in line)


@pytest.mark.parametrize(("terminal", "plot"), [(200, 99), (70, 69)])
def test_show_fills_the_terminal_up_to_100_columns(
    run: Run, terminal: int, plot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache.console, "_width", terminal)
    lines = run("show", "2023-01-03").stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("• price"))
    assert {len(line) for line in lines[first + 1 : first + 15]} == {plot}


def test_show_names_needed_contracts_that_are_missing(run: Run, cache_dir: Path) -> None:
    tables = sound_tables()
    options = tables[OPTIONS_FILE]
    tables[OPTIONS_FILE] = options[options["ticker"] != "O:SPY230103P00400000"]
    write_tables(cache_dir, tables)
    done = run("show", "2023-01-03")
    assert "missing" in done.stdout
    assert "missing_contracts: 1 of" in done.stdout


def test_show_of_an_early_close_ends_at_one(run: Run, cache_dir: Path) -> None:
    day = date(2023, 11, 24)
    open_utc = datetime(2023, 11, 24, 14, 30, tzinfo=UTC)
    write_tables(cache_dir, sound_tables(day, open_utc, 12_601), day)
    done = run("show", "2023-11-24")
    assert "09:30:00 to 13:00:00" in done.stdout
    assert "14:00" not in done.stdout


def test_show_of_a_damaged_day_is_one_line(run: Run, cache_dir: Path) -> None:
    damage(cache_dir, DAYS[0])
    done = run("show", "2023-01-03")
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "SPY/2023-01-03/underlying.parquet cannot be read" in done.stderr


@pytest.mark.parametrize("day", ["2023-01-05", "2023-01-07"])
def test_show_of_a_day_that_is_not_cached_is_one_line(run: Run, day: str) -> None:
    done = run("show", day)
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"session SPY {day} is not in the cache" in done.stderr
    assert done.stdout == ""


def test_verify_of_sound_sessions_is_quiet(run: Run) -> None:
    done = run("verify")
    assert done.exit_code == 0, done.output
    verdict, missing = done.stdout.splitlines()
    assert verdict == "3 sessions of SPY: sound, 0 errors, 3 warnings"
    assert missing == (
        "1 exchange sessions between the first and the last are not cached: 2023-01-05; "
        "rorq download 2023-01-05_2023-01-05 fetches what there is"
    )
    assert done.stderr == ""
    assert len(run("verify", "--warnings").stdout.splitlines()) == 5


def test_what_verify_advises_is_yellow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    coloured = Console(file=written, force_terminal=True, color_system="standard", soft_wrap=True)
    monkeypatch.setattr(cache, "console", coloured)
    assert run("verify").exit_code == 0
    assert written.getvalue().splitlines()[-1] == (
        "\x1b[33m1 exchange sessions between the first and the last are not cached: 2023-01-05; "
        "rorq download 2023-01-05_2023-01-05 fetches what there is\x1b[0m"
    )


def test_verify_tells_errors_before_warnings_and_each_in_order(run: Run, cache_dir: Path) -> None:
    damage(cache_dir, DAYS[2])
    done = run("verify", "--warnings")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert [line.split("/")[0] for line in lines[:3]] == [
        "error: 2023-01-06", "warning: 2023-01-03", "warning: 2023-01-04",
    ]  # fmt: skip
    assert lines[3].startswith("what helps: ")
    assert lines[4] == "3 sessions of SPY: unsound, 1 errors, 2 warnings"
    assert lines[5].startswith("1 exchange sessions between")
    assert len(lines) == 6


def test_verify_of_sessions_without_a_gap_tells_none_missing(run: Run, cache_dir: Path) -> None:
    shutil.rmtree(cache_dir / "SPY" / "2023-01-06")
    assert "not cached" not in run("verify").stdout
    for day in (date(2023, 1, 13), date(2023, 1, 17)):  # a long weekend between them
        open_utc = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
        write_tables(cache_dir, sound_tables(day, open_utc), day)
    told = run("verify").stdout.splitlines()[-1]
    assert told.startswith("6 exchange sessions between")
    assert "2023-01-05, 2023-01-06, 2023-01-09, 2023-01-10, 2023-01-11, …; " in told
    assert "rorq download 2023-01-05_2023-01-12 fetches" in told
    open_utc = datetime(2023, 1, 12, 14, 30, tzinfo=UTC)
    write_tables(cache_dir, sound_tables(date(2023, 1, 12), open_utc), date(2023, 1, 12))
    assert run("verify").stdout.splitlines()[-1] == (
        "5 exchange sessions between the first and the last are not cached: "
        "2023-01-05, 2023-01-06, 2023-01-09, 2023-01-10, 2023-01-11; "
        "rorq download 2023-01-05_2023-01-11 fetches what there is"
    )


def test_verify_tells_each_error_in_a_line(run: Run, cache_dir: Path) -> None:
    damage(cache_dir, DAYS[0])
    damage(cache_dir, DAYS[1], OPTIONS_FILE)
    done = run("verify")
    assert done.exit_code == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert errors[0].startswith("error: 2023-01-03/underlying.parquet unreadable_file: ")
    helps = [line for line in done.stdout.splitlines() if line.startswith("what helps: ")]
    assert helps == [
        "what helps: remove its folder, then fetch the session again with `rorq download RANGE`"
    ]
    assert "unsound, 2 errors" in done.stdout


def test_verify_of_a_range_tells_missing_sessions(run: Run) -> None:
    done = run("verify", "2023-01-03_2023-01-10")
    assert done.exit_code == 1
    finding, remedy, verdict = done.stdout.splitlines()
    assert finding.startswith("error: 2023-01-05 missing_session: ")
    assert remedy.startswith("what helps: ")
    assert verdict == "3 sessions of SPY, 2 not yet cached: unsound, 1 errors, 3 warnings"
    allowed = run("verify", "2023-01-03_2023-01-10", "--allow-missing", "--warnings")
    assert allowed.exit_code == 0
    *warnings, verdict = allowed.stdout.splitlines()
    assert [line[:19] for line in warnings] == [f"warning: 2023-01-0{day}" for day in (3, 4, 5, 6)]
    assert verdict == "3 sessions of SPY, 2 not yet cached: sound, 0 errors, 4 warnings"
    assert run("verify", "2023-01-03_2023-01-04").exit_code == 0


def test_verify_of_nothing_fails(run: Run) -> None:
    assert run("verify", "2023-02-01_2023-02-28").exit_code == 1
    done = run("verify", "--ticker", "QQQ")
    assert done.exit_code == 1
    assert "no session of QQQ is cached" in done.stderr


def test_verify_takes_the_ticker_of_a_range(run: Run) -> None:
    assert "0 sessions of QQQ" in run("verify", "QQQ_2023-01-03_2023-01-04").stdout
    assert "0 sessions of QQQ" in run("verify", "2023-01-03_2023-01-04", "--ticker", "QQQ").stdout
    for named, ticker in (("QQQ", "IWM"), ("SPY", "QQQ"), ("QQQ", "SPY")):
        refused = run("verify", f"{named}_2023-01-03_2023-01-04", "--ticker", ticker)
        assert refused.exit_code == 1
        said = f"error: range {named}_2023-01-03_2023-01-04 with ticker {ticker}; expected one"
        assert refused.stderr.startswith(said)


def test_where_no_ticker_is_named_the_first_watched_one_is_meant(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_TICKERS", "QQQ,SPY")
    for words in (["list"], ["verify"]):
        done = run(*words)
        assert "no session of QQQ is cached" in done.stdout + done.stderr
    assert "session QQQ 2023-01-03 is not in the cache" in run("show", "2023-01-03").stderr
    assert run("show", "2023-01-03", "--ticker", "SPY").exit_code == 0
    # a range without a ticker is the same range everywhere
    assert "2 sessions of SPY" in run("verify", "2023-01-03_2023-01-04").stdout
    assert "no session of QQQ" not in run("list", "--ticker", "SPY").stdout
    monkeypatch.setenv("RORQ_TICKERS", "qqq")
    assert run("list").stderr.startswith("error: RORQ_TICKERS is 'qqq'; expected capital letters")


def test_verify_of_a_malformed_range_is_one_line(run: Run) -> None:
    done = run("verify", "January")
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1


def test_verify_remembers_sound_and_sees_new_damage(run: Run, cache_dir: Path) -> None:
    assert run("verify").exit_code == 0
    damage(cache_dir, DAYS[2])
    assert run("verify").exit_code == 1


def test_the_memory_keeps_the_sessions_of_other_ranges(
    run: Run, cache_dir: Path, tmp_path: Path
) -> None:
    memory = tmp_path / "home" / ".rorq" / "validation" / "SPY.parquet"
    run("verify", "2023-01-03_2023-01-04")
    assert [one.date for one in records_of(pd.read_parquet(memory))] == list(DAYS[:2])
    run("verify", "2023-01-06_2023-01-06")
    assert [one.date for one in records_of(pd.read_parquet(memory))] == list(DAYS)
    before = memory.stat().st_mtime_ns
    run("verify", "2023-01-03_2023-01-04")
    assert memory.stat().st_mtime_ns == before  # nothing was looked at again
    damage(cache_dir, DAYS[0])
    run("verify", "2023-01-03_2023-01-04")
    kept = {record.date: record.errors for record in records_of(pd.read_parquet(memory))}
    assert kept == {DAYS[0]: 1, DAYS[1]: 0, DAYS[2]: 0}


def test_broken_memory_is_no_obstacle(run: Run, tmp_path: Path) -> None:
    assert run("verify").exit_code == 0
    (memory,) = (tmp_path / "home" / ".rorq" / "validation").iterdir()
    sound = pd.read_parquet(memory)
    memory.write_bytes(b"no Parquet")
    assert run("verify").exit_code == 0
    sound.assign(findings="no JSON").to_parquet(memory)
    assert run("verify").exit_code == 0
    assert pd.read_parquet(memory).equals(sound)


def test_upload_wants_a_folder_that_is_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "nothing"):
        refused = run("upload", str(tmp_path / name))
        assert refused.exit_code == 2
        assert "Invalid value for 'DIR'" in refused.stderr


@pytest.mark.parametrize("words", [[], ["list"], ["show"], ["verify"]])
def test_help_is_there(run: Run, words: list[str]) -> None:
    done = run(*words, "--help")
    assert done.exit_code == 0
    assert "Usage" in done.stdout
