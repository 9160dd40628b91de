"""`rorq download`: from the key to the closing line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.progress import Progress

from rorq_pipeline.cli import download, main
from strategy.market_data import list_sessions
from strategy.market_data.download import (
    DownloadEstimate,
    DownloadProgress,
    DownloadReport,
    DownloadSettings,
)
from strategy.market_data.download.estimate import Means
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


def test_it_says_first_what_it_will_take(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = rorq(provider, "--estimate", "--ticker", "SPY,QQQ", "--requests-per-minute", "5")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines() == [
        "SPY: 2 sessions to fetch; a session takes 18.0 calls and 1.4 MB (assumed)",
        "QQQ: 2 sessions to fetch; a session takes 18.0 calls and 1.4 MB (assumed)",
        "about 72 calls, 0:14:24 at 5 a minute, 5.6 MB",
    ]
    assert not provider.requests  # and no key was needed
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    assert "about 36 calls, 0:00:04 at 0.5 s a call, 8 at once, assumed" in rorq(provider).stdout
    cached = rorq(provider, "--estimate").stdout
    assert "SPY: 0 sessions to fetch, 1 cached, 1 known to be empty; a session takes 10.0" in cached
    assert "(the mean of 1 cached ones)" in cached
    assert "about 0 calls, 0:00:00 at" in cached


def test_several_ranges_and_tickers_come_in_one_call(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    provider.add_session("SPY", date(2023, 2, 1), [384.2, 386.3])
    provider.add_session("QQQ", DAY, [264.2, 266.3])
    words = ["download", "2023-01-03_2023-01-04", "QQQ_2023-01-03_2023-01-03", "2023-02"]
    done = CliRunner().invoke(main, [*words, "2023-01", "--base-url", provider.url])
    assert done.exit_code == 0, done.output
    assert "SPY: 39 sessions to fetch" in done.stdout  # 20 of January, once, 19 of February
    assert "2 sessions of SPY written" in done.stdout
    assert "1 sessions of QQQ written" in done.stdout
    assert list_sessions(home / "polygon_cache", "SPY") == [DAY, date(2023, 2, 1)]
    assert list_sessions(home / "polygon_cache", "QQQ") == [DAY]


def test_what_is_missing_is_told_with_the_command_that_goes_on(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    days = [date(2023, 1, day) for day in (3, 4, 5, 6)]
    for day in days:
        provider.add_session("SPY", day, [384.2, 386.3])
        provider.add_session("QQQ", day, [264.2, 266.3])
    provider.faults[f"/SPY/range/1/second/{days[1]}"] = ["always status ERROR"]
    words = ["download", "2023-01-03_2023-01-06", "--ticker", "SPY,QQQ", "--concurrency", "2"]
    words += ["--base-url", provider.url, "--again"]
    failed = CliRunner().invoke(main, words)
    assert failed.exit_code == 1
    assert "3 sessions of SPY written" in failed.stdout
    assert "4 sessions of QQQ written" in failed.stdout
    reason, conclusion = failed.stderr.strip().splitlines()
    assert reason.startswith("missing: the bars of SPY on 2023-01-04: ")
    assert conclusion == (
        "error: 1 sessions (2023-01-04) of SPY are missing; expected every session that was asked "
        f"for; what was fetched is kept; this goes on: rorq {words[0]} {' '.join(words[1:])}"
    )
    provider.faults.clear()
    again = CliRunner().invoke(main, conclusion.rpartition("rorq ")[2].split())
    assert again.exit_code == 0, again.output
    assert "1 sessions of SPY written" in again.stdout


def test_after_three_failures_in_a_row_no_other_ticker_is_begun(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", "an0ther-key")
    words = ["download", "2023-01", "--ticker", "SPY,QQQ", "--base-url", provider.url]
    failed = CliRunner().invoke(main, words)
    assert failed.exit_code == 1
    assert "20 sessions (2023-01-03 to 2023-01-31) of SPY, all of QQQ are missing" in failed.stderr
    assert failed.stderr.count("missing: ") == 3
    assert len(provider.requests) == 3


def test_a_ticker_that_cannot_be_is_one_line(home: Path, provider: FakeProvider) -> None:
    result = rorq(provider, "--estimate", "--ticker", "SPY,qqq")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: --ticker 'SPY,qqq'; expected capital letters")


def test_sessions_come_and_are_told(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    first = rorq(provider)
    assert first.exit_code == 0, first.output
    cache = home / "polygon_cache"
    assert first.stdout.splitlines()[2:] == [
        # 10 for the session, and one for the empty day
        f"1 sessions of SPY written to {cache}, 0 were there already; 11 requests",
        "8 contracts with bars, 0 without any",
        (
            "1 sessions (2023-01-04) are empty at the provider, and are not asked for again "
            "without --again"
        ),
    ]
    assert first.stderr == ""
    assert list_sessions(cache, "SPY") == [DAY]
    provider.add_session("SPY", date(2023, 1, 4), [384.2, 386.3])
    assert "0 sessions of SPY written" in rorq(provider).stdout
    assert "1 sessions of SPY written" in rorq(provider, "--again").stdout


def test_contracts_that_a_wider_search_needs_are_added_under_one_bar(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    (home / "space.toml").write_text('option_selection_mode = ["itm"]\n')
    rorq(provider, "--search-space", str(home / "space.toml"))
    provider.add_session("QQQ", DAY, [384.2, 386.3])
    bars = Progress(disable=True)

    @contextmanager
    def shown() -> Iterator[Progress]:
        yield bars

    monkeypatch.setattr(download, "fetching", shown)
    added = rorq(provider, "--add-contracts", "--ticker", "SPY,QQQ", "--end", "2023-01-03")
    assert added.stdout.splitlines()[0].startswith(
        "SPY: 0 sessions to fetch, 1 cached, to be looked at for contracts; "
    )
    assert "8 contracts with bars, 0 without any" in added.stdout
    sessions, contracts = bars.tasks
    assert (sessions.description, sessions.completed, sessions.total) == ("sessions", 2, 2)
    assert contracts.description == "contracts of QQQ 2023-01-03"


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


def test_a_search_space_file_that_is_not_there_is_one_line(
    home: Path, provider: FakeProvider
) -> None:
    result = rorq(provider, "--search-space", str(home / "space.toml"))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: search space file {home / 'space.toml'} cannot be ")


def test_the_command_that_goes_on_has_every_word_that_was_typed(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", "an0ther-key")
    (home / "my space.toml").write_text("")
    failed = rorq(
        provider, "--search-space", str(home / "my space.toml"), "--add-contracts", "--again"
    )
    assert failed.stderr.rpartition("goes on: ")[2] == (
        f"rorq download --start 2023-01-03 --end 2023-01-04 --base-url {provider.url} "
        f"--search-space '{home / 'my space.toml'}' --again --add-contracts\n"
    )


def test_help_has_nothing_of_the_former_options(home: Path) -> None:
    told = CliRunner().invoke(main, ["download", "--help"]).stdout
    assert "--ticker" in told
    assert "--start" not in told
    assert "--end" not in told


def estimate(means: Means, **values: float) -> DownloadEstimate:
    counts = dict.fromkeys(("n_sessions", "n_looked_at", "n_cached", "n_empty", "n_not_yet"), 0)
    return DownloadEstimate(**(counts | values), means=means)  # type: ignore[arg-type]


def test_estimates_are_told_one_by_one_and_together(capsys: pytest.CaptureFixture[str]) -> None:
    known = Means(
        n_sessions=3, contracts=14.5, absent_contracts=2.0, chain_pages=2.0, size_bytes=1e11
    )
    assumed = Means(
        n_sessions=0, contracts=5.0, absent_contracts=0.0, chain_pages=1.0, size_bytes=1_440_000.0
    )
    estimates = {
        "SPY": estimate(
            known, n_sessions=4, n_looked_at=5, n_cached=6, n_empty=7, n_not_yet=8,
            calls=1200, seconds=3600.4, size_bytes=200_000_000_000,
        ),
        "QQQ": estimate(assumed, n_sessions=2, calls=34, seconds=61.3, size_bytes=20_000),
    }  # fmt: skip
    download._tell_estimates(estimates, DownloadSettings(api_key="", concurrency=3))
    assert capsys.readouterr().out.splitlines() == [
        (
            "SPY: 4 sessions to fetch, 6 cached, 5 cached, to be looked at for contracts, 7 known "
            "to be empty, 8 not over yet; a session takes 17.5 calls and 100000.0 MB (the mean of "
            "3 cached ones)"
        ),
        "QQQ: 2 sessions to fetch; a session takes 7.0 calls and 1.4 MB (assumed)",
        "about 1,234 calls, 1:01:02 at 0.5 s a call, 3 at once, assumed, 200,000.0 MB",
    ]


def test_what_came_is_told_and_what_did_not(capsys: pytest.CaptureFixture[str]) -> None:
    days = [date(2023, 1, day) for day in (3, 4, 5, 6, 9, 10, 11)]
    report = DownloadReport(
        written=(),
        kept=tuple(days[:2]),
        empty=tuple(days[2:5]),
        not_yet=(days[5],),
        requests=5,
        contracts=0,
        contracts_without_bars=0,
        failed={days[6]: "[one] 2023"},
    )
    download._tell(report, "SPY", "the cache")
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "0 sessions of SPY written to the cache, 2 were there already; 5 requests",
        (
            "3 sessions (2023-01-05 to 2023-01-09) are empty at the provider, and are not asked "
            "for again without --again"
        ),
        "1 sessions (2023-01-10) have not ended 20 minutes ago; run it again later",
    ]
    assert told.err == "missing: [one] 2023\n"


def test_bars_stand_for_the_sessions_of_all_tickers_and_the_contracts_of_one() -> None:
    bars = Progress(disable=True)
    show = download._bars(bars, 5)
    sessions, contracts = bars.tasks
    assert (sessions.total, contracts.total) == (5, None)
    seen = []
    for ticker, done, of_session, total in (
        ("SPY", 0, 0, 0),
        ("SPY", 0, 3, 8),
        ("SPY", 2, 0, 0),
        ("QQQ", 1, 4, 6),
    ):
        at = DownloadProgress(
            day=DAY,
            sessions_done=done,
            sessions_total=2,
            contracts_done=of_session,
            contracts_total=total,
        )
        show(ticker, at)
        seen.append((sessions.completed, contracts.completed, contracts.total))
    assert seen == [(0, 0, None), (0, 3, 8), (2, 0, 8), (3, 4, 6)]
    assert contracts.description == "contracts of QQQ 2023-01-03"


def test_a_start_after_the_end_is_one_line(
    home: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    result = rorq(provider, "--start", "2023-01-09")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: start 2023-01-09 is after end 2023-01-04")
