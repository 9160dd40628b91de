"""The underlying's one-second bars, as a path prints on the tape.

As on the consolidated tape, only round lots set open, high, low and close, while the vwap counts
every trade: a bar of few trades often has one price and a vwap beside it.
"""

import numpy as np
import pyarrow as pa

from strategy.market_data.sample.path import PricePath
from strategy.market_data.schema import UNDERLYING_SCHEMA
from strategy.session import FloatArray, IntArray

_SHARES_PER_TRADE = 79.0  # median
_TRADES_FOR_A_RANGE = 5.5  # bars of far fewer trades have a single price
_HALF_SPREAD_USD = 0.005
_ODD_LOT_NOISE_USD = 0.0015  # standard deviation of the vwap beside its round lots


def underlying_bars(
    path: PricePath, open_utc_seconds: int, generator: np.random.Generator
) -> pa.Table:
    """Return the bars of the seconds that traded, a row each, in the schema of the cache."""
    seconds = np.flatnonzero(path.underlying_volume > 0.0)
    volume = path.underlying_volume[seconds]
    per_trade = _SHARES_PER_TRADE * np.exp(0.6 * generator.standard_normal(len(seconds)))
    trades = np.maximum(np.rint(volume / per_trade), 1.0)
    before = path.prices_usd[np.maximum(seconds - 1, 0)]
    after = path.prices_usd[seconds]
    prices = _print_prices(before, after, trades, generator)
    vwap = _vwap(0.5 * (before + after), prices, trades, generator)
    arrays = {
        "timestamp": bar_timestamps(seconds, open_utc_seconds),
        **prices,
        "volume": volume,
        "vwap": vwap,
        "trades": trades.astype(np.int64),
    }
    return pa.table(
        [pa.array(arrays[f.name], f.type) for f in UNDERLYING_SCHEMA], UNDERLYING_SCHEMA
    )


def bar_timestamps(seconds: IntArray, open_utc_seconds: int) -> IntArray:
    """Milliseconds UTC of seconds since the open."""
    return (seconds.astype(np.int64) + open_utc_seconds) * 1000


def _print_prices(
    before: FloatArray, after: FloatArray, trades: FloatArray, generator: np.random.Generator
) -> dict[str, FloatArray]:
    """Open, high, low and close on the price grid, low <= open, close <= high."""
    bounce = generator.uniform(-_HALF_SPREAD_USD, _HALF_SPREAD_USD, (2, len(after)))
    # Wider than the two ends by what a random walk reaches between them.
    reach = generator.exponential(0.25 * np.abs(after - before) + 0.003, (2, len(after)))
    close = _on_grid(after + bounce[1], generator)
    open_ = _on_grid(before + bounce[0], generator)
    high = np.maximum(np.maximum(open_, close), _on_grid(np.maximum(before, after) + reach[0]))
    low = np.minimum(np.minimum(open_, close), _on_grid(np.minimum(before, after) - reach[1]))
    single = (generator.random(len(after)) < np.exp(-trades / _TRADES_FOR_A_RANGE)) | (trades == 1)
    return {
        "open": np.where(single, close, open_),
        "high": np.where(single, close, high),
        "low": np.where(single, close, low),
        "close": close,
    }


def _on_grid(prices: FloatArray, generator: np.random.Generator | None = None) -> FloatArray:
    """Round to the cent; with a generator, an eighth to half-cents, a sixth to hundredths of it."""
    cents = np.round(prices, 2)
    if generator is None:
        return cents
    kind = generator.random(len(prices))
    half_cents = np.round(prices * 200.0) / 200.0
    return np.select([kind < 0.13, kind < 0.30], [half_cents, np.round(prices, 4)], cents)


def _vwap(
    middle: FloatArray,
    prices: dict[str, FloatArray],
    trades: FloatArray,
    generator: np.random.Generator,
) -> FloatArray:
    """Average price of all trades, to four decimals; that of a single trade is its price."""
    noise = _ODD_LOT_NOISE_USD * generator.standard_normal(len(middle))
    inside = np.clip(middle, prices["low"], prices["high"])
    vwap: FloatArray = np.where(trades == 1, prices["close"], inside + noise)
    return vwap.round(4)
