"""Quotes from a local provider: fetched, interrupted, resumed, damaged, absent."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from massive.rest.models import Quote

from strategy.errors import CorruptFileError, DownloadError
from strategy.market_data import layout, write_session
from strategy.market_data.download import DownloadSettings
from strategy.market_data.quotes.fetch import QuotesReport, fetch_quotes
from strategy.market_data.quotes.files import read_quotes
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from tests.strategy.market_data.download.fake_provider import (
    KEY,
    FakeProvider,
    at,
    occ,
    quote,
    serve,
)

DAY, LATER = date(2023, 1, 3), date(2023, 1, 4)
CALL, PUT = occ("SPY", DAY, "call", 384), occ("SPY", DAY, "put", 386)
OTHER = occ("SPY", LATER, "call", 384)


def seconds(day: date, clock: str) -> int:
    return at(day, clock) // 1000


WANTED = {
    DAY: [(CALL, seconds(DAY, "10:00:00")), (CALL, seconds(DAY, "10:05:00")),
          (PUT, seconds(DAY, "10:00:00"))],
    LATER: [(OTHER, seconds(LATER, "11:00:00"))],
}  # fmt: skip


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """Quotes within the second, before it, after it, and none of the put."""
    provider = FakeProvider()
    ten = seconds(DAY, "10:00:00") * 10**9
    provider.quotes[CALL] = [
        quote(ten - 30 * 10**9, 1.00, 1.03),
        quote(ten + 100, 1.10, 1.13),
        quote(ten + 999_999_999, 1.20, 1.23),
        quote(ten + 10**9, 9.0, 9.9),  # the second is over
    ]
    provider.quotes[OTHER] = [quote(seconds(LATER, "10:59:00") * 10**9, 0.5, 0.52, bid_size=None)]
    with serve(provider):
        yield provider


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    for day in WANTED:
        tables = sample_tables(day, SampleSettings())
        write_session(tmp_path, "SPY", day, tables, source="polygon")
    return tmp_path


def fetched(cache: Path, provider: FakeProvider, **changes: Any) -> QuotesReport:
    fast = {"backoff_seconds": 0.01, "timeout_seconds": 5.0, "max_attempts": 2, "concurrency": 1}
    settings = DownloadSettings.model_validate(
        {"api_key": KEY, "base_url": provider.url, **fast, **changes}
    )
    return fetch_quotes(cache, "SPY", WANTED, settings)


def rows(cache: Path, day: date) -> list[dict[str, Any]]:
    table = read_quotes(cache, "SPY", day)
    assert table is not None
    return table.to_pylist()


def test_the_last_quote_before_the_second_ends_is_kept(cache: Path, provider: FakeProvider) -> None:
    report = fetched(cache, provider)
    assert (report.fetched, report.kept, report.damaged) == (4, 0, ())
    assert report.requests == provider.asked("/v3/quotes/") == 4
    first, second, put = rows(cache, DAY)
    assert (first["ticker"], first["bid"], first["ask"]) == (CALL, 1.2, 1.23)
    assert (first["bid_size"], first["ask_size"]) == (7, 12)
    assert first["quoted_at"].value == seconds(DAY, "10:00:00") * 10**9 + 999_999_999
    assert int(first["timestamp"].timestamp()) == seconds(DAY, "10:00:00")
    assert second["bid"] == 9.0  # five minutes old, and kept as it is
    assert put["ticker"] == PUT
    assert {put[name] for name in ("quoted_at", "bid", "ask", "bid_size")} == {None}
    assert rows(cache, LATER)[0]["bid_size"] is None


def test_the_answers_are_those_of_the_official_client() -> None:
    assert quote(1, 1.0, 1.1).keys() <= Quote.__dataclass_fields__.keys()


def test_what_is_cached_is_not_asked_for_again(cache: Path, provider: FakeProvider) -> None:
    fetched(cache, provider)
    before = rows(cache, DAY)
    report = fetched(cache, provider)
    assert (report.fetched, report.kept, report.requests) == (0, 4, 0)
    assert rows(cache, DAY) == before


def test_an_interrupted_fetch_continues_where_it_was(cache: Path, provider: FakeProvider) -> None:
    provider.faults[PUT] = ["500", "500"]  # the third request, twice
    with pytest.raises(DownloadError, match="what was fetched is kept") as told:
        fetched(cache, provider)
    assert KEY not in str(told.value)
    assert read_quotes(cache, "SPY", DAY) is None  # whole or not at all
    assert provider.asked(CALL) == 2
    report = fetched(cache, provider)
    assert report.fetched == 4
    assert provider.asked(CALL) == 2  # not asked for again
    assert len(rows(cache, DAY)) == 3
    assert not list((cache / "SPY" / ".quotes").glob("*/*"))


def test_a_damaged_file_is_fetched_anew(cache: Path, provider: FakeProvider) -> None:
    fetched(cache, provider)
    before = rows(cache, DAY)
    path = cache / "SPY" / "2023-01-03" / "quotes.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match=r"quotes\.parquet .* `rorq quotes RANGE`"):
        read_quotes(cache, "SPY", DAY)
    report = fetched(cache, provider)
    assert report.damaged == (DAY,)
    assert (report.fetched, report.kept) == (3, 1)
    assert rows(cache, DAY) == before


def test_further_fills_join_those_that_are_there(cache: Path, provider: FakeProvider) -> None:
    fetched(cache, provider)
    settings = DownloadSettings.model_validate({"api_key": KEY, "base_url": provider.url})
    further = {DAY: [(CALL, seconds(DAY, "09:59:59"))]}
    fetch_quotes(cache, "SPY", further, settings)
    assert [row["bid"] for row in rows(cache, DAY)] == [1.0, 1.2, 9.0, None]


def test_a_plan_without_quotes_is_one_line(cache: Path, provider: FakeProvider) -> None:
    provider.faults["/v3/quotes/"] = ["always 403 You are not entitled to this data"]
    with pytest.raises(DownloadError, match="not entitled") as told:
        fetched(cache, provider)
    assert "for quotes those of options" in str(told.value)
    assert "\n" not in str(told.value)


def test_an_answer_unlike_the_documentation_is_refused(cache: Path, provider: FakeProvider) -> None:
    provider.faults["/v3/quotes/"] = [
        'json {"status": "OK", "results": [{"bid_price": 1.0, "ask_price": 1.1}]}'
    ]
    with pytest.raises(DownloadError, match="not as documented, KeyError 'sip_timestamp'"):
        fetched(cache, provider)


def test_a_session_with_quotes_is_the_session_without(cache: Path, provider: FakeProvider) -> None:
    folder = cache / "SPY" / "2023-01-03"
    before = layout.session_fingerprint(folder)
    fetched(cache, provider)
    assert layout.session_fingerprint(folder) == before
