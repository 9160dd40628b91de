"""Sample sessions: deterministic, sound, complete for the search, fair without an edge."""

import itertools
import math
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from strategy.date_range import DateRange, sessions_between
from strategy.errors import CacheError, DateRangeError, ParameterError
from strategy.market_data import (
    layout,
    list_sessions,
    load_sessions,
    read_session_frames,
    write_session,
)
from strategy.market_data.sample import generate as sample_module
from strategy.market_data.sample.generate import (
    SampleSettings,
    remove_samples,
    sample_metadata,
    sample_session,
    sample_tables,
    write_samples,
)
from strategy.market_data.schema import (
    CHAIN_FILE,
    FILE_SCHEMAS,
    OPTIONS_FILE,
    SYNTHETIC,
    UNDERLYING_FILE,
)

DAY = date(2023, 1, 4)
HALF_DAY = date(2023, 11, 24)
SETTINGS = SampleSettings()
PRICES = ["open", "high", "low", "close"]


def test_same_settings_give_same_session_in_any_order():
    sample_tables(date(2024, 5, 6), SETTINGS)
    first = sample_tables(DAY, SETTINGS)
    sample_tables(date(2022, 5, 6), SampleSettings(ticker="QQQ", seed=3))
    again = sample_tables(DAY, SampleSettings(ticker="SPY", seed=0, edge=1.0))
    assert all(first[name].equals(again[name]) for name in FILE_SCHEMAS)


@pytest.mark.parametrize(
    "other",
    [SampleSettings(seed=1), SampleSettings(ticker="QQQ"), SampleSettings(edge=0.5)],
)
def test_other_settings_give_other_sessions(other):
    assert not sample_tables(DAY, SETTINGS)[UNDERLYING_FILE].equals(
        sample_tables(DAY, other)[UNDERLYING_FILE]
    )


@pytest.mark.parametrize("day", [DAY, HALF_DAY])
def test_tables_have_the_schema_of_the_cache_and_sound_bars(day):
    tables = sample_tables(day, SETTINGS)
    for name, schema in FILE_SCHEMAS.items():
        assert tables[name].schema.equals(schema)
        assert all(column.null_count == 0 for column in tables[name].columns)
    for name in (UNDERLYING_FILE, OPTIONS_FILE):
        bars = tables[name].to_pandas()
        assert (bars[PRICES] > 0).all(axis=None)
        assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
        assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
        assert (bars["trades"] >= 1).all()
        assert (bars["volume"] >= bars["trades"]).mean() > 0.9


def test_option_prices_are_whole_cents_and_vwaps_lie_within_their_bars():
    bars = sample_tables(DAY, SETTINGS)[OPTIONS_FILE].to_pandas()
    cents = bars[PRICES].to_numpy() * 100
    assert np.allclose(cents, np.rint(cents), atol=1e-6)
    assert ((bars["low"] <= bars["vwap"]) & (bars["vwap"] <= bars["high"])).all()
    assert np.allclose(bars["vwap"] * 1e4, np.rint(bars["vwap"] * 1e4), atol=1e-6)
    single = bars[bars["trades"] == 1]
    assert (single["high"] == single["low"]).all()


@pytest.mark.parametrize(
    ("day", "open_utc", "close_utc"),
    [
        (date(2023, 3, 10), "2023-03-10T14:30", "2023-03-10T21:00"),  # winter time
        (date(2023, 3, 13), "2023-03-13T13:30", "2023-03-13T20:00"),  # summer time
        (date(2023, 11, 6), "2023-11-06T14:30", "2023-11-06T21:00"),
        (HALF_DAY, "2023-11-24T14:30", "2023-11-24T18:00"),
    ],
)
def test_bars_run_from_open_to_close_and_ascend(day, open_utc, close_utc):
    tables = sample_tables(day, SETTINGS)
    stamps = tables[UNDERLYING_FILE].to_pandas()["timestamp"]
    assert stamps.iloc[0] == datetime.fromisoformat(open_utc).replace(tzinfo=UTC)
    assert stamps.iloc[-1] == datetime.fromisoformat(close_utc).replace(tzinfo=UTC)
    assert stamps.is_monotonic_increasing
    assert stamps.is_unique
    options = tables[OPTIONS_FILE].to_pandas()
    assert options["ticker"].is_monotonic_increasing
    for _, bars in options.groupby("ticker"):
        assert bars["timestamp"].is_monotonic_increasing
        assert bars["timestamp"].is_unique
    assert options["timestamp"].between(stamps.iloc[0], stamps.iloc[-1]).all()


def test_closed_days_have_no_session():
    for closed in (date(2023, 1, 2), date(2023, 1, 7), date(2023, 11, 23)):
        with pytest.raises(DateRangeError, match="no exchange session"):
            sample_tables(closed, SETTINGS)


def _choices(close, strikes):
    """Strikes up to three deep on either side of one close, and the nearest, the slow way."""
    below = sorted((k for k in strikes if k < close), reverse=True)[:3]
    above = sorted(k for k in strikes if k > close)[:3]
    return {*below, *above, min(strikes, key=lambda k: abs(k - close))}


@pytest.mark.parametrize("day", [DAY, HALF_DAY, date(2024, 8, 5)])
def test_every_contract_that_a_search_could_choose_has_bars(day):
    tables = sample_tables(day, SETTINGS)
    chain = tables[CHAIN_FILE].to_pandas()
    assert (chain["expiration_date"] == day).all()
    strikes = sorted(set(chain["strike_price"]))
    assert np.array_equal(np.diff(strikes), np.ones(len(strikes) - 1))
    wanted = set()
    for close in set(tables[UNDERLYING_FILE]["close"].to_pylist()):
        wanted |= _choices(close, strikes)
    names = set(chain.loc[chain["strike_price"].isin(wanted), "ticker"])
    assert len(names) == 2 * len(wanted)
    assert names <= set(tables[OPTIONS_FILE]["ticker"].to_pylist())


def test_chain_is_thick_at_the_money_and_thin_in_the_wings():
    bars = sample_tables(DAY, SETTINGS)[OPTIONS_FILE]["ticker"].value_counts().to_pylist()
    counts = [entry["counts"] for entry in bars]
    assert 9_000 < max(counts) < 17_000
    assert min(counts) < 1_000


def test_underlying_reaches_every_stretch():
    days = sessions_between(date(2023, 1, 3), date(2023, 1, 31))
    sessions = [sample_session(day, SETTINGS) for day in days]
    stretches = [np.abs(s.underlying_close_usd / s.running_vwap_usd - 1.0).max() for s in sessions]
    assert min(stretches) > 0.001
    assert np.mean(np.array(stretches) > 0.004) > 0.5
    assert max(stretches) > 0.008


def test_some_seconds_have_no_bar_of_the_underlying():
    rows = sample_tables(DAY, SETTINGS)[UNDERLYING_FILE].num_rows
    assert 0.88 < rows / 23_401 < 0.98


def test_a_day_opens_near_where_the_last_one_closed():
    days = sessions_between(date(2023, 1, 3), date(2023, 2, 28))
    closes = [sample_tables(d, SETTINGS)[UNDERLYING_FILE]["close"].to_numpy() for d in days]
    gaps = [math.log(b[0] / a[-1]) for a, b in itertools.pairwise(closes)]
    assert max(np.abs(gaps)) < 0.03
    assert np.std(gaps) < 0.01


def test_an_edge_decays_by_half_in_its_half_life():
    decaying = SampleSettings(
        edge=2.0, edge_half_life_sessions=10, edge_decays_from=date(2023, 1, 3)
    )
    # 2023-01-18 is the tenth session after 2023-01-03; the 16th is a holiday.
    assert decaying.edge_on(date(2023, 1, 18)) == pytest.approx(1.0)
    assert decaying.edge_on(date(2023, 2, 1)) == pytest.approx(0.5)
    assert decaying.edge_on(date(2023, 1, 3)) == decaying.edge_on(date(2022, 12, 1)) == 2.0
    half = sample_tables(date(2023, 1, 18), SampleSettings(edge=1.0))
    found = sample_tables(date(2023, 1, 18), decaying)
    assert all(found[name].equals(half[name]) for name in FILE_SCHEMAS)


def test_files_state_how_an_edge_decays(tmp_path):
    decaying = SampleSettings(edge_half_life_sessions=40, edge_decays_from=DAY)
    write_samples(tmp_path, [DAY], decaying)
    found = sample_metadata(layout.session_folder(tmp_path, "SPY", DAY))
    assert found["rorq.edge_half_life_sessions"] == "40.0"
    assert found["rorq.edge_decays_from"] == "2023-01-04"
    assert write_samples(tmp_path, [DAY], decaying).kept == [DAY]
    assert write_samples(tmp_path, [DAY], SETTINGS).kept_other == [DAY]


def test_settings_out_of_range_are_refused():
    for wrong in (
        {"edge_half_life_sessions": 0.0, "edge_decays_from": DAY},
        {"edge_half_life_sessions": 40.0},
        {"edge_decays_from": DAY},
    ):
        with pytest.raises(ParameterError, match="edge"):
            SampleSettings(**wrong)
    for wrong in ({"edge": -0.1}, {"edge": math.nan}, {"edge": 11.0}, {"seed": -1}):
        with pytest.raises(ParameterError, match=r"edge|seed"):
            SampleSettings(**wrong)


def test_written_sessions_load_as_those_made_in_memory(tmp_path):
    summary = write_samples(tmp_path, [DAY, HALF_DAY], SETTINGS)
    assert summary.written == [DAY, HALF_DAY]
    for day in (DAY, HALF_DAY):
        (loaded,) = load_sessions(tmp_path, "SPY", DateRange(day, day))
        made = sample_session(day, SETTINGS)
        assert loaded.source == made.source == SYNTHETIC
        assert np.array_equal(loaded.bar_prices_usd, made.bar_prices_usd)
        assert np.array_equal(loaded.running_vwap_usd, made.running_vwap_usd)
    assert loaded.n_seconds == 12_601
    assert loaded.close_shift_seconds == 3 * 3600


def test_files_state_seed_and_edge(tmp_path):
    write_samples(tmp_path, [DAY], SampleSettings(seed=7, edge=0.25))
    found = sample_metadata(layout.session_folder(tmp_path, "SPY", DAY))
    assert found["rorq.seed"] == "7"
    assert found["rorq.edge"] == "0.25"


def test_existing_sessions_stay_and_are_told_apart(tmp_path):
    write_samples(tmp_path, [DAY], SETTINGS)
    before = read_session_frames(tmp_path, "SPY", DAY).fingerprint
    assert write_samples(tmp_path, [DAY], SETTINGS).kept == [DAY]
    assert write_samples(tmp_path, [DAY], SampleSettings(seed=1)).kept_other == [DAY]
    assert read_session_frames(tmp_path, "SPY", DAY).fingerprint == before
    assert write_samples(tmp_path, [DAY], SampleSettings(seed=1), force=True).written == [DAY]
    assert read_session_frames(tmp_path, "SPY", DAY).fingerprint != before


def _write_real(cache, day):
    tables = sample_tables(day, SampleSettings(seed=99))
    write_session(cache, "SPY", day, tables, source="polygon")


def test_real_sessions_are_never_replaced_nor_removed(tmp_path):
    _write_real(tmp_path, DAY)
    before = read_session_frames(tmp_path, "SPY", DAY).fingerprint
    summary = write_samples(tmp_path, [DAY, HALF_DAY], SETTINGS, force=True)
    assert (summary.kept_real, summary.written) == ([DAY], [HALF_DAY])
    assert remove_samples(tmp_path, "SPY") == [HALF_DAY]
    assert list_sessions(tmp_path, "SPY") == [DAY]
    assert read_session_frames(tmp_path, "SPY", DAY).fingerprint == before


def test_real_sessions_take_the_place_of_samples(tmp_path):
    write_samples(tmp_path, [DAY], SETTINGS)
    _write_real(tmp_path, DAY)
    assert read_session_frames(tmp_path, "SPY", DAY).source == "polygon"


def test_removal_can_be_limited_to_dates(tmp_path):
    write_samples(tmp_path, [DAY, HALF_DAY], SETTINGS)
    assert remove_samples(tmp_path, "SPY", [HALF_DAY, date(2023, 1, 5)]) == [HALF_DAY]
    assert list_sessions(tmp_path, "SPY") == [DAY]


def test_failure_while_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    original = layout.pq.write_table
    calls = []

    def full_disk(table: pa.Table, path, **options):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        original(table, path, **options)

    monkeypatch.setattr(layout.pq, "write_table", full_disk)
    with pytest.raises(CacheError, match="No space left on device"):
        write_samples(tmp_path, [DAY], SETTINGS)
    assert [p.name for p in (tmp_path / "SPY").iterdir() if p.name != ".lock"] == []


def test_interruption_leaves_whole_sessions_only(tmp_path):
    def stop(day):
        if day == DAY:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_samples(tmp_path, [date(2023, 1, 3), DAY, HALF_DAY], SETTINGS, on_session=stop)
    assert list_sessions(tmp_path, "SPY") == [date(2023, 1, 3), DAY]
    assert write_samples(tmp_path, [DAY, HALF_DAY], SETTINGS).written == [HALF_DAY]


def test_real_session_that_arrives_meanwhile_stays(tmp_path, monkeypatch):
    original = sample_module.sample_tables

    def overtaken(day, settings):
        _write_real(tmp_path, day)
        return original(day, settings)

    monkeypatch.setattr(sample_module, "sample_tables", overtaken)
    summary = write_samples(tmp_path, [DAY], SETTINGS)
    assert summary.kept_real == [DAY]
    assert read_session_frames(tmp_path, "SPY", DAY).source == "polygon"
