"""What a download is said to take, against what it then takes of a provider on this machine."""

import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from strategy.date_range import DateRange
from strategy.market_data.download import DownloadEstimate, download_sessions, estimate_download
from tests.strategy.market_data.download.conftest import settings_for
from tests.strategy.market_data.download.fake_provider import FakeProvider, contract, serve
from tests.strategy.market_data.sound_session import put_sound_session

DAYS = DateRange(date(2023, 1, 3), date(2023, 1, 13)).sessions  # nine
FEBRUARY = DateRange(date(2023, 2, 1), date(2023, 2, 3)).sessions
MIXED = {"option_selection_mode": ["itm", "otm"], "strikes_depth": [1]}
ITM = {"option_selection_mode": ["itm"], "strikes_depth": [1]}


def size_of(cache: Path, ticker: str, day: date) -> int:
    return sum(path.stat().st_size for path in (cache / ticker / day.isoformat()).iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("page_size", [50_000, 150])
def test_two_tickers_take_the_calls_and_bytes_that_were_told(
    tmp_path: Path, page_size: int
) -> None:
    provider, paths = FakeProvider(page_size=page_size), random.Random(17)
    for ticker, step in (("SPY", 0.35), ("QQQ", 0.9)):
        for day in (*DAYS, *FEBRUARY):
            low = 382 + paths.random()
            provider.add_session(ticker, day, [low + (i % 6) * step for i in range(150)])
    with serve(provider):
        settings = settings_for(provider, concurrency=8)
        for ticker in ("SPY", "QQQ"):
            download_sessions(tmp_path, ticker, DAYS[:4], settings, search_values=MIXED)
        for ticker in ("SPY", "QQQ"):
            days = (*DAYS, *FEBRUARY)
            told = estimate_download(tmp_path, ticker, days, settings, search_values=MIXED)
            before = len(provider.requests)
            report = download_sessions(tmp_path, ticker, days, settings, search_values=MIXED)
            assert len(report.written) == told.n_sessions == 8
            assert len(report.kept) == told.n_cached == told.means.n_sessions == 4
            assert len(provider.requests) - before == report.requests
            pages = 8 if page_size == 150 else 0  # the fake's 154 bars of an underlying
            assert told.calls == pytest.approx(report.requests - pages, rel=0.1)
            written = sum(size_of(tmp_path, ticker, day) for day in report.written)
            assert told.size_bytes == pytest.approx(written, rel=0.1)


def test_a_chain_of_1001_contracts_takes_a_second_page(tmp_path: Path) -> None:
    provider = FakeProvider()
    with serve(provider):
        for day in DAYS[:2]:
            provider.add_session("SPY", day, [384.2, 386.3])
            more = [contract("SPY", day, "call", 1000 + i) for i in range(1001 - 22)]
            provider.chains["SPY", day] += more
        settings = settings_for(provider)
        first = download_sessions(tmp_path, "SPY", DAYS[:1], settings)
        told = estimate_download(tmp_path, "SPY", DAYS[:2], settings)
        assert told.means.chain_pages == 2
        assert told.calls == first.requests
        assert download_sessions(tmp_path, "SPY", DAYS[:2], settings).requests == told.calls


def test_contracts_to_add_are_told(tmp_path: Path) -> None:
    provider = FakeProvider()
    for day in DAYS[:3]:
        provider.add_session("SPY", day, [384.2, 386.3])
    with serve(provider):
        settings = settings_for(provider, add_contracts=True)
        download_sessions(tmp_path, "SPY", DAYS[:2], settings, search_values=ITM)
        told = estimate_download(tmp_path, "SPY", DAYS[:3], settings, search_values=MIXED)
        assert (told.n_sessions, told.n_looked_at, told.n_cached) == (1, 2, 0)
        report = download_sessions(tmp_path, "SPY", DAYS[:3], settings, search_values=MIXED)
        assert report.requests == told.calls
        again = estimate_download(tmp_path, "SPY", DAYS[:3], settings, search_values=MIXED)
        assert again.calls == 0


def estimate(cache: Path, **changes: object) -> DownloadEstimate:
    settings = settings_for(FakeProvider(), **changes)
    now = datetime(2023, 1, 10, 22, 0, tzinfo=UTC)  # 17:00 in New York, after the sixth session
    return estimate_download(cache, "SPY", DAYS, settings, now=now)


def test_without_cached_sessions_the_assumption_is_told(tmp_path: Path) -> None:
    told = estimate(tmp_path)
    assert (told.n_sessions, told.n_not_yet, told.means.n_sessions) == (6, 3, 0)
    assert told.calls == 6 * (2 + 16)
    assert told.size_bytes == 6 * 1_400_000


def test_time_follows_the_limit_else_the_concurrency(tmp_path: Path) -> None:
    assert estimate(tmp_path, requests_per_minute=5).seconds == 6 * 18 / 5 * 60
    assert estimate(tmp_path, concurrency=8).seconds == 6 * (2 + 16 / 8) * 0.5
    assert estimate(tmp_path, concurrency=1).seconds == 6 * 18 * 0.5


def test_synthetic_sessions_are_no_measure_and_are_fetched(tmp_path: Path) -> None:
    put_sound_session(tmp_path, DAYS[0], source="synthetic")
    put_sound_session(tmp_path, DAYS[1], source="legacy")
    told = estimate(tmp_path)
    assert (told.n_sessions, told.n_cached, told.means.n_sessions) == (5, 1, 1)
    assert told.means.contracts == 6  # closes of 399.1 to 400.9: calls and puts of 399 to 401
    assert told.means.size_bytes == size_of(tmp_path, "SPY", DAYS[1])


def test_a_session_that_cannot_be_read_is_no_measure(tmp_path: Path) -> None:
    folder = put_sound_session(tmp_path, DAYS[0])
    (folder / "chain.parquet").write_bytes(b"PAR1")
    assert estimate(tmp_path).means.n_sessions == 0
