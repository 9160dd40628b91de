"""A sample session's option chain and the one-second bars of its contracts near the money."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from strategy.market_data.sample.clock import DayPlan
from strategy.market_data.sample.path import PricePath
from strategy.market_data.sample.pricing import call_values
from strategy.market_data.sample.underlying import bar_timestamps
from strategy.market_data.schema import CHAIN_SCHEMA, OPTIONS_SCHEMA
from strategy.session import FloatArray, IntArray

DEEPEST_DEPTH = 3  # strikes beyond the day's path that have bars, on both sides
_CHAIN_REACH = 0.16  # of the price: how far the listed strikes go
_SHARES_PER_CONTRACT = 100
_EXCHANGE = "BATO"
_TYPICAL_STRIKE_STEP = 1.0 / 384.0  # of the price: what the intensities below were counted on

# Bars a second by dollars in the money (negative: out of the money), counted on three days
# near 384 USD whose prices their authors made, as -log(share of seconds without a bar).
_BARS_PER_SECOND = {
    -8: 0.05, -7: 0.08, -6: 0.14, -5: 0.24, -4: 0.37, -3: 0.56, -2: 0.92, -1: 1.35, 0: 1.18,
    1: 0.4, 2: 0.14, 3: 0.065, 4: 0.038, 5: 0.027, 6: 0.017, 8: 0.006, 12: 0.002,
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class _Bars:
    """Where bars are: one element a bar, by contract, then by second."""

    contracts: IntArray  # rows of the traded contracts
    seconds: IntArray
    strikes_usd: FloatArray
    is_call: np.ndarray
    intensity: FloatArray  # bars a second there and then


def chain_table(plan: DayPlan) -> pa.Table:
    """Return the day's listed contracts, calls by strike, then puts by strike."""
    lowest = max(1, int(plan.open_price_usd * (1.0 - _CHAIN_REACH)))
    strikes = np.arange(lowest, int(plan.open_price_usd * (1.0 + _CHAIN_REACH)) + 2, dtype=float)
    count = 2 * len(strikes)
    kinds = ["call"] * len(strikes) + ["put"] * len(strikes)
    columns: dict[str, Any] = {
        "ticker": contract_tickers(plan, np.tile(strikes, 2), np.array(kinds) == "call"),
        "underlying_ticker": [plan.ticker] * count,
        "contract_type": kinds,
        "exercise_style": ["american"] * count,
        "expiration_date": [plan.date] * count,
        "strike_price": np.tile(strikes, 2),
        "shares_per_contract": [_SHARES_PER_CONTRACT] * count,
        "primary_exchange": [_EXCHANGE] * count,
        "cfi": ["OCASPS" if kind == "call" else "OPASPS" for kind in kinds],
    }
    return pa.Table.from_pydict(columns, CHAIN_SCHEMA)


def contract_tickers(plan: DayPlan, strikes_usd: FloatArray, is_call: np.ndarray) -> list[str]:
    """Names as the exchanges write them, such as O:SPY230103C00380000."""
    stem = f"O:{plan.ticker.replace('.', '')}{plan.date:%y%m%d}"
    return [
        f"{stem}{'C' if call else 'P'}{round(strike * 1000):08d}"
        for strike, call in zip(strikes_usd.tolist(), is_call.tolist(), strict=True)
    ]


def option_bars(
    plan: DayPlan, path: PricePath, underlying_closes: FloatArray, generator: np.random.Generator
) -> pa.Table:
    """Return the bars of every contract within `DEEPEST_DEPTH` strikes of the day's closes."""
    lowest = np.ceil(underlying_closes.min()) - DEEPEST_DEPTH
    highest = np.floor(underlying_closes.max()) + DEEPEST_DEPTH
    strikes = np.arange(max(lowest, 1.0), highest + 1.0)
    both = np.tile(strikes, 2)
    is_call = np.arange(len(both)) < len(strikes)
    bars = _draw_bars(path, both, is_call, generator)
    trades = _draw_trades(bars, generator)
    columns: dict[str, Any] = dict(_print_prices(path, bars, trades, generator))
    lot = np.exp(0.6 + 1.5 * generator.standard_normal(len(trades)))
    columns["volume"] = np.maximum(np.rint(trades * lot), trades)
    columns["trades"] = trades.astype(np.int64)
    columns["timestamp"] = bar_timestamps(bars.seconds, plan.times.open_utc_seconds)
    names = pa.array(contract_tickers(plan, both, is_call))
    columns["ticker"] = names.take(pa.array(bars.contracts))
    return pa.Table.from_pydict(columns, OPTIONS_SCHEMA)


def _draw_bars(
    path: PricePath, strikes_usd: FloatArray, is_call: np.ndarray, generator: np.random.Generator
) -> _Bars:
    """Draw the seconds that trade: thick at the money, thin away from it, never at the close."""
    prices = path.prices_usd[:-1]
    fraction = path.day_fraction[:-1]
    sign = np.where(is_call, 1.0, -1.0)[:, None]
    in_the_money = sign * (prices - strikes_usd[:, None]) / (prices * _TYPICAL_STRIKE_STEP)
    # Out of the money, what is far grows farther as the close comes near.
    in_the_money *= np.where(in_the_money < 0.0, 0.78 + 0.8 * fraction, 1.0)
    time_of_day = 0.82 + 1.9 * np.exp(-fraction / 0.08) + 0.3 * np.exp((fraction - 1.0) / 0.1)
    bustle = np.exp(0.45 * path.activity[:-1] + 0.3 * path.surprise[:-1] - 0.35)
    nodes = np.array(list(_BARS_PER_SECOND)), np.log(list(_BARS_PER_SECOND.values()))
    per_second = np.exp(np.interp(in_the_money, *nodes))
    per_second *= time_of_day * bustle
    trades = generator.random(per_second.shape) < -np.expm1(-per_second)
    silent = np.flatnonzero(~trades.any(axis=1))
    trades[silent, generator.integers(0, len(prices), len(silent))] = True
    contracts, seconds = np.nonzero(trades)
    return _Bars(
        contracts=contracts,
        seconds=seconds,
        strikes_usd=strikes_usd[contracts],
        is_call=is_call[contracts],
        intensity=per_second[contracts, seconds],
    )


def _draw_trades(bars: _Bars, generator: np.random.Generator) -> FloatArray:
    """Trades in each bar: one or two mostly, many at the money in busy seconds."""
    bustle = np.exp(0.5 * generator.standard_normal(len(bars.seconds)))
    return 1.0 + np.floor(generator.exponential(2.3 * np.sqrt(bars.intensity) * bustle))


def _print_prices(
    path: PricePath, bars: _Bars, trades: FloatArray, generator: np.random.Generator
) -> dict[str, FloatArray]:
    """Open, high, low, close and vwap: fair values at bid or ask, on the cent grid."""
    before, after = path.prices_usd[np.maximum(bars.seconds - 1, 0)], path.prices_usd[bars.seconds]
    moments = np.sort(generator.random((2, len(trades))), axis=0)  # of the first and last trade
    moments[1] = np.where(trades == 1.0, moments[0], moments[1])
    middle = 0.5 * (moments[0] + moments[1])
    spot = before + (after - before) * middle
    value, delta = _option_values(path, bars.seconds, bars.strikes_usd, bars.is_call, spot)
    spread = _half_spread(
        value, spot, bars.strikes_usd, bars.is_call, path.volatility_ratio[bars.seconds]
    )
    change = delta * (after - before)
    first = _trade_prices(value + change * (moments[0] - middle), spread, generator)
    last = _trade_prices(value + change * (moments[1] - middle), spread, generator)
    last = np.where(trades == 1.0, first, last)
    between = [
        np.where(trades >= least, _trade_prices(value, spread, generator), first)
        for least in (3.0, 4.0)
    ]
    prints = np.stack([first, last, *between])
    shares = generator.random(prints.shape) + 0.05
    return {
        "open": first,
        "high": prints.max(axis=0),
        "low": prints.min(axis=0),
        "close": last,
        "vwap": np.round((prints * shares).sum(axis=0) / shares.sum(axis=0), 4),
    }


def bid_and_ask(
    path: PricePath, seconds: IntArray, strikes_usd: FloatArray, is_call: np.ndarray
) -> tuple[FloatArray, FloatArray]:
    """Quotes at the end of seconds, on whole cents around the fair value; all arrays alike."""
    spot = path.prices_usd[seconds]
    value, _ = _option_values(path, seconds, strikes_usd, is_call, spot)
    half = _half_spread(value, spot, strikes_usd, is_call, path.volatility_ratio[seconds])
    bid = np.maximum(np.floor((value - half) * 100.0), 0.0)
    ask = np.maximum(np.ceil((value + half) * 100.0), bid + 1.0)
    return bid / 100.0, ask / 100.0


def _option_values(
    path: PricePath,
    seconds: IntArray,
    strikes_usd: FloatArray,
    is_call: np.ndarray,
    spot_usd: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Fair values and deltas, puts by parity."""
    value, delta = call_values(
        spot_usd, strikes_usd, path.variance_left[seconds], path.jumps_left[seconds]
    )
    put_value = np.maximum(value - spot_usd + strikes_usd, 0.0)
    return np.where(is_call, value, put_value), np.where(is_call, delta, delta - 1.0)


def _half_spread(
    value_usd: FloatArray,
    spot_usd: FloatArray,
    strikes_usd: FloatArray,
    is_call: np.ndarray,
    volatility_ratio: FloatArray,
) -> FloatArray:
    """Half of bid to ask, USD: wider in the money and when prices move, never most of the value."""
    in_the_money = np.maximum(np.where(is_call, 1.0, -1.0) * (spot_usd - strikes_usd), 0.0)
    half: FloatArray = (0.003 + 0.005 * in_the_money) * volatility_ratio
    return np.minimum(half, 0.1 * value_usd)


def _trade_prices(
    value_usd: FloatArray, half_spread_usd: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Trade at bid or ask, each as likely, on whole cents; the mean is the fair value."""
    side = generator.choice(np.array([-1.0, 1.0]), len(value_usd))
    price = value_usd + side * half_spread_usd
    cents = np.floor(price * 100.0 + generator.random(len(price)))
    return np.maximum(cents, 1.0) / 100.0
