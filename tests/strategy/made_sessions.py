"""Sessions made by hand: a few bars in short lists become the three tables of a cached session."""

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa

from strategy.market_data import SessionFrames
from strategy.market_data.schema import CHAIN_SCHEMA, OPTIONS_SCHEMA, UNDERLYING_SCHEMA

# Seconds since 1970 of the sessions' opens, 09:30 in New York, worked out by hand.
OPENS_UTC_SECONDS = {
    date(2023, 1, 3): 1_672_756_200,  # 14:30 UTC, standard time
    date(2023, 1, 4): 1_672_842_600,
    date(2023, 3, 13): 1_678_714_200,  # 13:30 UTC, the first day of daylight saving time
    date(2023, 7, 3): 1_688_391_000,  # closes at 13:00
    date(2023, 11, 24): 1_700_836_200,  # closes at 13:00
}
N_SECONDS = dict.fromkeys(OPENS_UTC_SECONDS, 23_401) | {
    date(2023, 7, 3): 12_601,
    date(2023, 11, 24): 12_601,
}

UnderlyingBar = tuple[int, float, float, float | None]  # second, close, volume, vwap
OptionBar = tuple[int, float, float | None]  # second, close, vwap


def contract_ticker(day: date, kind: str, strike_usd: float) -> str:
    """O:SPY230103C00384000: expiry, call or put, strike in thousandths of a dollar."""
    return f"O:SPY{day:%y%m%d}{kind[0].upper()}{round(strike_usd * 1000):08d}"


def make_frames(
    day: date,
    underlying: Sequence[UnderlyingBar],
    options: Mapping[tuple[str, float], Sequence[OptionBar]],  # by ("call" or "put", strike)
    *,
    shares: int = 100,
) -> SessionFrames:
    """One session; the chain is made of the keys of `options`, with and without bars."""
    contracts = {contract_ticker(day, *key): bars for key, bars in options.items()}
    bars = [
        {"ticker": ticker, **_bar(day, second, close, 1.0, vwap)}
        for ticker, contract_bars in sorted(contracts.items())
        for second, close, vwap in contract_bars
    ]
    chain = [
        {
            "ticker": contract_ticker(day, kind, strike_usd),
            "underlying_ticker": "SPY",
            "contract_type": kind,
            "exercise_style": "american",
            "expiration_date": day,
            "strike_price": float(strike_usd),
            "shares_per_contract": shares,
            "primary_exchange": "BATO",
            "cfi": "OCASPS" if kind == "call" else "OPASPS",
        }
        for kind, strike_usd in options
    ]
    return SessionFrames(
        ticker="SPY",
        date=day,
        source="unknown",
        fingerprint="0" * 64,
        underlying=_table([_bar(day, *bar) for bar in underlying], UNDERLYING_SCHEMA),
        chain=_table(chain, CHAIN_SCHEMA),
        options=_table(bars, OPTIONS_SCHEMA),
    )


def _bar(day: date, second: int, close: float, volume: float, vwap: float | None) -> dict:
    prices = [close] if vwap is None else [close, vwap]
    return {
        "timestamp": (OPENS_UTC_SECONDS[day] + second) * 1000,
        "open": close,
        "high": max(prices),
        "low": min(prices),
        "close": close,
        "volume": volume,
        "vwap": vwap,
        "trades": None if vwap is None else 1 + second % 3,
    }


def _table(rows: list[dict], schema: pa.Schema) -> pd.DataFrame:
    return pa.Table.from_pylist(rows, schema=schema).to_pandas()
