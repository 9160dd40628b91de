"""A downloaded session: what it holds, what was asked, and what is never asked again."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from strategy.date_range import DateRange
from strategy.errors import DateRangeError, DownloadError
from strategy.market_data import list_sessions, load_sessions, read_session_frames
from strategy.market_data.download import DownloadProgress
from tests.strategy.market_data.download.conftest import DAY, PRICES, Download
from tests.strategy.market_data.download.fake_provider import (
    KEY,
    FakeProvider,
    at,
    bar,
    contract,
    occ,
)

NEXT_DAY = date(2023, 1, 4)
# Prices of 384.2 to 386.3: strikes next below, next above, and nearest, for both sides.
NEEDED = {384.0, 385.0, 386.0, 387.0}
NEEDED_TICKERS = {occ("SPY", DAY, side, strike) for side in ("call", "put") for strike in NEEDED}


def tickers_on_disk(cache: Path, day: date = DAY) -> set[str]:
    return set(read_session_frames(cache, "SPY", day).options["ticker"])


def test_a_session_appears_whole_and_sound(download: Download, tmp_path: Path) -> None:
    report = download()
    assert report.written == (DAY,)
    assert (report.contracts, report.contracts_without_bars) == (8, 0)
    frames = read_session_frames(tmp_path, "SPY", DAY)
    assert frames.source == "polygon"
    assert frames.underlying["close"].tolist() == [*PRICES, PRICES[-1]]
    assert len(frames.chain) == 22
    assert frames.chain["shares_per_contract"].tolist() == [100] * 22
    assert set(frames.chain["strike_price"]) == {380.0 + i for i in range(11)}
    assert set(frames.options["ticker"]) == NEEDED_TICKERS
    assert frames.options["close"].tolist() == [1.01, 1.05, 1.09] * 8
    assert frames.options["trades"].tolist() == [3] * 24
    times = pd.to_datetime(frames.options["timestamp"])
    assert times.iloc[0] == pd.Timestamp("2023-01-03 14:30:01", tz="UTC")
    (session,) = load_sessions(tmp_path, "SPY", DateRange(DAY, DAY))
    assert session.source == "polygon"
    assert not (tmp_path / "SPY" / ".download" / DAY.isoformat()).exists()


def test_the_provider_is_asked_as_documented_and_never_by_url_for_the_key(
    download: Download, provider: FakeProvider
) -> None:
    report = download()
    assert report.requests == len(provider.requests) == 2 + 8
    by_path = {path: query for path, query, _ in provider.requests}
    assert by_path["/v2/aggs/ticker/SPY/range/1/second/2023-01-03/2023-01-03"] == {
        "adjusted": "false",
        "sort": "asc",
        "limit": "50000",
    }
    assert by_path["/v3/reference/options/contracts"] == {
        "underlying_ticker": "SPY",
        "expiration_date": "2023-01-03",
        "as_of": "2023-01-03",
        "limit": "1000",
        "sort": "ticker",
        "order": "asc",
    }
    for path, query, headers in provider.requests:
        assert KEY not in path + str(query)
        assert headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("page_size", [3, 22, 151])
def test_pages_are_followed_to_the_last(
    download: Download, provider: FakeProvider, tmp_path: Path, page_size: int
) -> None:
    provider.page_size = page_size
    assert download(concurrency=8).written == (DAY,)
    frames = read_session_frames(tmp_path, "SPY", DAY)
    assert len(frames.underlying) == len(PRICES) + 1
    assert len(frames.chain) == 22
    assert len(frames.options) == 24


def test_pages_that_overlap_count_once_and_in_order(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    rows = provider.bars["SPY", DAY]
    provider.bars["SPY", DAY] = [*rows[50:], *rows[:60]]
    provider.chains["SPY", DAY] *= 2
    download()
    frames = read_session_frames(tmp_path, "SPY", DAY)
    assert frames.underlying["close"].tolist() == [*PRICES, PRICES[-1]]
    assert len(frames.chain) == 22


def test_adjusted_and_foreign_contracts_are_left_out(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.chains["SPY", DAY] += [
        contract("SPY", DAY, "call", 385.5, additional_underlyings=[{"type": "currency"}]),
        contract("SPY", NEXT_DAY, "call", 385.6),
        contract("SPYX", DAY, "call", 385.7),
        contract("SPY", DAY, "call", 385.8, contract_type="other"),
    ]
    download()
    assert len(read_session_frames(tmp_path, "SPY", DAY).chain) == 22


def test_delayed_answers_are_answers(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.status = "DELAYED"
    assert download().written == (DAY,)
    assert tickers_on_disk(tmp_path) == NEEDED_TICKERS


def test_the_search_space_decides_the_contracts(download: Download, tmp_path: Path) -> None:
    download(search_values={"option_selection_mode": ["otm"], "strikes_depth": [2]})
    assert tickers_on_disk(tmp_path) == {
        *(occ("SPY", DAY, "call", strike) for strike in (386, 387, 388)),
        *(occ("SPY", DAY, "put", strike) for strike in (383, 384, 385)),
    }


def test_a_contract_without_bars_is_none_and_is_counted(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    absent = occ("SPY", DAY, "put", 387)
    del provider.bars[absent, DAY]
    report = download()
    assert (report.contracts, report.contracts_without_bars) == (7, 1)
    assert tickers_on_disk(tmp_path) == NEEDED_TICKERS - {absent}


def test_what_is_cached_stays_and_costs_no_request(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    download()
    before = (tmp_path / "SPY" / "2023-01-03" / "options.parquet").read_bytes()
    provider.requests.clear()
    report = download()
    assert (report.written, report.kept, report.requests) == ((), (DAY,), 0)
    assert not provider.requests
    assert (tmp_path / "SPY" / "2023-01-03" / "options.parquet").read_bytes() == before


def test_a_synthetic_session_gives_way(download: Download, tmp_path: Path) -> None:
    download()
    folder = tmp_path / "SPY" / "2023-01-03"
    for path in folder.iterdir():
        table = pq.read_table(path)
        metadata = {**table.schema.metadata, b"rorq.source": b"synthetic"}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    assert download().written == (DAY,)
    assert read_session_frames(tmp_path, "SPY", DAY).source == "polygon"


@pytest.mark.parametrize("what", ["underlying", "chain"])
def test_an_empty_day_is_remembered(
    download: Download, provider: FakeProvider, tmp_path: Path, what: str
) -> None:
    provider.add_session("SPY", NEXT_DAY, PRICES)
    if what == "underlying":
        del provider.bars["SPY", DAY]
    else:
        del provider.chains["SPY", DAY]
    report = download(DAY, NEXT_DAY)
    assert (report.written, report.empty) == ((NEXT_DAY,), (DAY,))
    assert list_sessions(tmp_path, "SPY") == [NEXT_DAY]
    provider.requests.clear()
    assert download(DAY, NEXT_DAY).empty == (DAY,)
    assert not provider.requests
    provider.add_session("SPY", DAY, PRICES)
    assert download(ask_empty_again=True).written == (DAY,)


def test_an_empty_answer_of_the_same_evening_is_not_yet_final(
    download: Download, provider: FakeProvider
) -> None:
    del provider.bars["SPY", DAY]
    evening = datetime(2023, 1, 3, 23, 0, tzinfo=UTC)
    assert download(now=evening).empty == (DAY,)
    provider.add_session("SPY", DAY, PRICES)
    assert download(now=evening + timedelta(hours=12)).written == (DAY,)


def test_a_damaged_memory_of_empty_days_is_only_forgotten(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    del provider.bars["SPY", DAY]
    download()
    (tmp_path / "SPY" / ".download" / "empty_days.json").write_text('{"2023-')
    provider.add_session("SPY", DAY, PRICES)
    assert download().written == (DAY,)


def test_a_session_that_has_not_ended_is_left_for_later(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.add_session("SPY", NEXT_DAY, PRICES)
    noon = datetime(2023, 1, 4, 17, 0, tzinfo=UTC)
    report = download(DAY, NEXT_DAY, now=noon)
    assert (report.written, report.not_yet) == ((DAY,), (NEXT_DAY,))
    assert list_sessions(tmp_path, "SPY") == [DAY]
    assert download(NEXT_DAY, now=datetime(2023, 1, 4, 21, 10, tzinfo=UTC)).not_yet == (NEXT_DAY,)
    assert download(NEXT_DAY, now=datetime(2023, 1, 4, 21, 20, tzinfo=UTC)).written == (NEXT_DAY,)


@pytest.mark.parametrize(
    ("day", "close_clock", "first_utc", "last_utc"),
    [
        (date(2023, 11, 24), "13:00:00", "14:30:00", "18:00:00"),  # the day after Thanksgiving
        (date(2023, 3, 10), "16:00:00", "14:30:00", "21:00:00"),  # before the clocks change
        (date(2023, 3, 13), "16:00:00", "13:30:00", "20:00:00"),  # after
    ],
)
def test_half_days_and_clock_changes_cut_at_the_exchanges_hours(
    download: Download,
    provider: FakeProvider,
    tmp_path: Path,
    day: date,
    close_clock: str,
    first_utc: str,
    last_utc: str,
) -> None:
    provider.add_session("SPY", day, PRICES[:80], close_clock)
    assert download(day).written == (day,)
    times = read_session_frames(tmp_path, "SPY", day).underlying["timestamp"]
    assert f"{times.iloc[0]:%H:%M:%S}" == first_utc
    assert f"{times.iloc[-1]:%H:%M:%S}" == last_utc
    assert len(times) == 81


def test_holidays_are_not_asked_for(download: Download, provider: FakeProvider) -> None:
    with pytest.raises(DateRangeError, match="no exchange session"):
        download(date(2022, 12, 31), date(2023, 1, 2))
    assert not provider.requests


def test_contracts_are_added_on_request(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    narrow = {"option_selection_mode": ["itm"], "strikes_depth": [1]}
    wide = {"option_selection_mode": ["itm", "otm"], "strikes_depth": [1, 2]}
    absent = occ("SPY", DAY, "call", 386)
    del provider.bars[absent, DAY]
    download(search_values=narrow)
    before = tickers_on_disk(tmp_path)
    provider.requests.clear()
    assert download(search_values=wide).kept == (DAY,)
    assert download(search_values=wide, add_contracts=True).written == (DAY,)
    after = tickers_on_disk(tmp_path)
    assert before < after
    assert sorted(path.split("/")[4] for path, _, _ in provider.requests) == sorted(after - before)
    assert absent not in before | after  # known to be empty, so not asked for again
    provider.requests.clear()
    assert download(search_values=wide, add_contracts=True).kept == (DAY,)
    assert not provider.requests


def test_progress_reaches_its_end(download: Download, provider: FakeProvider) -> None:
    provider.add_session("SPY", NEXT_DAY, PRICES)
    told: list[DownloadProgress] = []
    download(DAY, NEXT_DAY, progress=told.append)
    assert told[-1].sessions_done == told[-1].sessions_total == 2
    contracts = [t.contracts_done for t in told if t.day == DAY and t.contracts_total]
    assert contracts == list(range(9))


def test_a_row_without_a_price_is_null_not_zero(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    rows = provider.bars["SPY", DAY]
    rows[10] = {k: v for k, v in rows[10].items() if k not in {"vw", "n"}}
    download()
    frame = read_session_frames(tmp_path, "SPY", DAY).underlying
    assert frame["vwap"].isna().sum() == 1
    assert frame["trades"].isna().sum() == 1


@pytest.mark.parametrize(
    "row",
    [{"o": 1.0}, {"t": "soon"}, {**bar(at(DAY, "10:00:00"), 385.0), "c": "385"}, 7, None],
)
def test_rows_unlike_the_documentation_are_refused(
    download: Download, provider: FakeProvider, tmp_path: Path, row: object
) -> None:
    provider.bars["SPY", DAY].append(row)  # type: ignore[arg-type]
    with pytest.raises(DownloadError, match="not as documented"):
        download()
    assert list_sessions(tmp_path, "SPY") == []
