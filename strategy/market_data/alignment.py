"""Bars to aligned arrays: the soundness that the engine needs, and the rules of the grid.

Rules: the grid runs from the session's open to its close, a second a row; bars outside it are
dropped; the close of a second is that of the latest bar; the running VWAP is the sum of
vwap x volume over the sum of volume, where a bar without volume adds nothing and a bar without
vwap counts at its close.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from strategy.date_range import SessionTimes, session_times
from strategy.errors import BadDataError
from strategy.market_data.occ_symbol import contradictions
from strategy.market_data.schema import (
    CHAIN_FILE,
    FETCH_AGAIN,
    MAX_PRICE_USD,
    MAX_VOLUME,
    OPTIONS_FILE,
    UNDERLYING_FILE,
)
from strategy.session import FloatArray, IntArray, SessionData

ALIGNMENT_VERSION = "1"  # grows whenever the same files would give other arrays
_SECONDS_BEFORE_OPEN = 9 * 3600 + 30 * 60  # from the start of the New York day to the open


def align_session(
    underlying: pd.DataFrame,
    chain: pd.DataFrame,
    options: pd.DataFrame,
    *,
    ticker: str,
    day: date,
    source: str,
    fingerprint: str,
) -> SessionData:
    """Build one session's arrays from its three tables.

    Raises:
        BadDataError: values that cannot be true; the message names session, file and column.
    """
    times = session_times(day)
    prefix = f"{ticker}/{day}/"
    seconds = _sound_seconds(underlying, times, prefix + UNDERLYING_FILE)
    _require_sound_prices(underlying, prefix + UNDERLYING_FILE)
    on_grid = (seconds >= 0) & (seconds < times.n_seconds)
    if not on_grid.any():
        raise BadDataError(
            f"{prefix}{UNDERLYING_FILE} has no bar in the session",
            expected="bars between open and close",
            remedy=FETCH_AGAIN,
        )
    closes, vwaps = _align_underlying(underlying[on_grid], seconds[on_grid], times.n_seconds)
    chain = _sorted_chain(chain, ticker, day, prefix + CHAIN_FILE)
    is_call = (chain["contract_type"] == "call").to_numpy()
    strikes = chain["strike_price"].to_numpy(np.float64)
    tickers = tuple(chain["ticker"])
    rows, offsets, option_seconds = _align_options(options, tickers, times, prefix + OPTIONS_FILE)
    bars = options.iloc[rows]
    option_closes = bars["close"].to_numpy(np.float64)
    option_vwaps = bars["vwap"].to_numpy(np.float64)
    return SessionData(
        ticker=ticker,
        date=day,
        source=source,
        fingerprint=fingerprint,
        open_utc_seconds=times.open_utc_seconds,
        n_seconds=times.n_seconds,
        close_shift_seconds=times.close_shift_seconds,
        underlying_close_usd=closes,
        running_vwap_usd=vwaps,
        contract_tickers=tickers,
        call_strikes_usd=strikes[is_call],
        put_strikes_usd=strikes[~is_call],
        shares_per_contract=chain["shares_per_contract"].to_numpy(np.int64, copy=True),
        bar_offsets=offsets,
        bar_seconds=option_seconds,
        bar_prices_usd=np.where(np.isnan(option_vwaps), option_closes, option_vwaps),
        # Copies: views would keep the whole table in memory as long as the session.
        bar_highs_usd=bars["high"].to_numpy(np.float64, copy=True),
        bar_lows_usd=bars["low"].to_numpy(np.float64, copy=True),
        bar_trades=bars["trades"].fillna(-1).to_numpy(np.int64, copy=True),
    )


def _align_underlying(
    bars: pd.DataFrame, seconds: IntArray, n_seconds: int
) -> tuple[FloatArray, FloatArray]:
    close = bars["close"].to_numpy(np.float64)
    vwap = bars["vwap"].to_numpy(np.float64)
    volume = bars["volume"].to_numpy(np.float64)
    volume = np.where(volume > 0, volume, 0.0)  # missing and negative volumes add nothing
    price = np.where(np.isnan(vwap), close, vwap)
    total_volume = np.cumsum(volume)
    with np.errstate(invalid="ignore", divide="ignore"):
        running_vwap = np.cumsum(price * volume) / total_volume
    running_vwap[total_volume == 0] = np.nan
    latest = np.full(n_seconds, -1, dtype=np.int64)
    latest[seconds] = np.arange(len(seconds))
    np.maximum.accumulate(latest, out=latest)
    before_first = latest < 0
    return (
        np.where(before_first, np.nan, close[latest]),
        np.where(before_first, np.nan, running_vwap[latest]),
    )


def _align_options(
    options: pd.DataFrame, tickers: tuple[str, ...], times: SessionTimes, label: str
) -> tuple[IntArray, IntArray, npt.NDArray[np.int32]]:
    """Rows of the bars on the grid, in contract order, the contracts' offsets, and the seconds."""
    encoded = pa.chunked_array(pa.array(options["ticker"], from_pandas=True)).combine_chunks()
    if encoded.null_count:
        raise _bad(label, "ticker", "missing values", "a contract in every row")
    codes = encoded.dictionary_encode()
    contract_of_name = {name: row for row, name in enumerate(tickers)}
    contract_of_code = np.array(
        [contract_of_name.get(name, -1) for name in codes.dictionary.to_pylist()], dtype=np.int64
    )
    code = codes.indices.to_numpy(zero_copy_only=False)
    new_run = np.flatnonzero(np.diff(code)) + 1
    if len(options) and len(new_run) + 1 != len(contract_of_code):
        raise BadDataError(
            f"{label} is not sorted by ticker",
            expected="the bars of a contract together",
            remedy=FETCH_AGAIN,
        )
    seconds = _sound_seconds(options, times, label, new_run)
    _require_sound_prices(options, label)
    contract = contract_of_code[code] if len(code) else np.empty(0, np.int64)
    kept = np.flatnonzero((contract >= 0) & (seconds >= 0) & (seconds < times.n_seconds))
    rows = kept[np.argsort(contract[kept], kind="stable")]
    counts = np.bincount(contract[rows], minlength=len(tickers))
    offsets = np.zeros(len(tickers) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return rows, offsets, seconds[rows].astype(np.int32)


def _sound_seconds(
    bars: pd.DataFrame, times: SessionTimes, label: str, run_starts: IntArray | None = None
) -> IntArray:
    """Seconds since the open; whole, of this day, and ascending within each run."""
    stamps = bars["timestamp"]
    if stamps.isna().any():
        raise _bad(label, "timestamp", "missing values", "a time in every row")
    milliseconds = np.asarray(stamps.astype("int64"), dtype=np.int64)
    if (milliseconds % 1000).any():
        raise _bad(label, "timestamp", "fractions of a second", "whole seconds")
    seconds: IntArray = milliseconds // 1000 - times.open_utc_seconds
    day_start = -_SECONDS_BEFORE_OPEN
    if len(seconds) and (seconds.min() < day_start or seconds.max() >= day_start + 86_400):
        raise _bad(label, "timestamp", "bars of another day", "bars of this session's day")
    ascending = np.diff(seconds) > 0
    if run_starts is not None:
        ascending[run_starts - 1] = True
    if not ascending.all():
        example = stamps.iloc[int(np.flatnonzero(~ascending)[0]) + 1]
        raise _bad(
            label, "timestamp", f"duplicate or unsorted seconds at {example}", "ascending seconds"
        )
    return seconds


def _require_sound_prices(bars: pd.DataFrame, label: str) -> None:
    prices = {name: bars[name].to_numpy(np.float64) for name in ("open", "high", "low", "close")}
    for name, values in prices.items():
        _require_positive(values, label, name)
    vwap = bars["vwap"].to_numpy(np.float64)
    _require_positive(vwap[~np.isnan(vwap)], label, "vwap")
    for name in ("open", "close", "high"):
        if (prices["low"] > prices[name]).any():
            raise _bad(label, "low", f"a low above the {name}", f"low <= {name}")
        if (prices["high"] < prices[name]).any():
            raise _bad(label, "high", f"a high below the {name}", f"high >= {name}")
    volume = bars["volume"].to_numpy(np.float64)
    if (np.abs(volume) > MAX_VOLUME).any():
        expected = f"at most {MAX_VOLUME:.0e} shares a second"
        raise _bad(label, "volume", f"the value {np.nanmax(np.abs(volume))}", expected)


def _require_positive(values: FloatArray, label: str, column: str) -> None:
    with np.errstate(invalid="ignore"):
        sound = (values > 0) & (values <= MAX_PRICE_USD)  # false for missing values
    if not sound.all():
        expected = f"prices above zero and at most {MAX_PRICE_USD:.0e}"
        raise _bad(label, column, f"the value {values[~sound][0]}", expected)


def _sorted_chain(chain: pd.DataFrame, ticker: str, day: date, label: str) -> pd.DataFrame:
    """Calls by strike, then puts by strike."""
    if chain.empty:
        raise _bad(label, "ticker", "an empty chain", "the contracts that expire on the day")
    if chain["ticker"].isna().any() or chain["ticker"].duplicated().any():
        raise _bad(label, "ticker", "missing or repeated tickers", "one row a contract")
    if not (chain["underlying_ticker"] == ticker).all():
        raise _bad(label, "underlying_ticker", "another underlying", f"{ticker} in every row")
    other = chain["expiration_date"][chain["expiration_date"] != day]
    if len(other):
        raise _bad(label, "expiration_date", f"the expiry {other.iloc[0]}", f"{day} in every row")
    if not chain["contract_type"].isin(["call", "put"]).all():
        raise _bad(label, "contract_type", "values other than call and put", "call or put")
    _require_positive(chain["strike_price"].to_numpy(np.float64), label, "strike_price")
    shares = chain["shares_per_contract"]
    if shares.isna().any() or (shares <= 0).any():
        raise _bad(label, "shares_per_contract", "missing or non-positive values", "100 mostly")
    if chain.duplicated(["contract_type", "strike_price"]).any():
        raise _bad(label, "strike_price", "two contracts of one type and strike", "one each")
    if (contradicting := contradictions(chain)).any():
        found = f"the symbol {chain['ticker'][contradicting].iloc[0]} of another contract"
        raise _bad(label, "ticker", found, "symbols that agree with expiry, type and strike")
    return chain.sort_values(["contract_type", "strike_price"], kind="stable")


def _bad(label: str, column: str, found: str, expected: str) -> BadDataError:
    return BadDataError(
        f"{label} column {column} has {found}", expected=expected, remedy=FETCH_AGAIN
    )
