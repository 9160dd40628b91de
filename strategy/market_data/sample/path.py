"""The underlying's path in a sample session: what the price does, second by second.

Without an edge the price is a martingale whose law the option prices know: a diffusion whose
variance over the whole day is known at the open, spent at a pace that varies by itself and with
the path, plus rare jumps that come as variance is spent. The planted edge alone is a drift that
the option prices know nothing of. It lives on excursions, the times that the price spends on one
side of the running VWAP: an excursion that makes new extremes is pushed on a little, and one that
has given back a quarter of its extreme is pulled back to VWAP.
"""

from dataclasses import dataclass

import numpy as np

from strategy.market_data.sample.clock import TYPICAL_VARIANCE_PER_SECOND, DayPlan
from strategy.market_data.sample.kernels import (
    autoregress_compiled,
    spend_variance_compiled,
    walk_price_compiled,
)
from strategy.session import FloatArray

JUMPS_PER_SESSION = 1.0  # expected number
JUMP_VOLATILITY = 0.002  # standard deviation of a jump's log return; its mean makes it fair

_MOST_BURSTS = 3  # spells of higher volatility that everyone expects, such as announcements


@dataclass(frozen=True, eq=False, kw_only=True)
class PricePath:
    """One session's path; every array is (n_seconds,)."""

    prices_usd: FloatArray  # at the end of each second
    variance_left: FloatArray  # of the diffusion's log return, from the end of the second
    jumps_left: FloatArray  # expected number, from the end of the second
    surprise: FloatArray  # size of the second's diffusive move, in standard deviations
    activity: FloatArray  # slow variation of trading, N(0, 1)
    underlying_volume: FloatArray  # shares, 0 in seconds without a bar
    day_fraction: FloatArray  # 0 at the open, 1 at the close
    volatility_ratio: FloatArray  # of the second's volatility over that of a typical session
    volatility_fraction: float  # of the whole session


def draw_path(plan: DayPlan, edge: float, generator: np.random.Generator) -> PricePath:
    """Draw volume first, then the moves, and walk the price with the drift that `edge` adds."""
    fraction = np.linspace(0.0, 1.0, plan.n_seconds)
    normals, pace_normals = generator.standard_normal((2, plan.n_seconds))
    jumps_at, jump_returns = _draw_jumps(generator)
    variance, diffusion, jumps = spend_variance_compiled(
        _variance_profile(plan, fraction, generator),
        plan.diffusive_return,
        normals,
        pace_normals,
        jumps_at,
        jump_returns,
    )
    variance_left = np.maximum(plan.volatility_fraction**2 - np.cumsum(variance), 0.0)
    surprise = np.abs(diffusion) / np.sqrt(np.where(variance > 0.0, variance, 1.0))
    activity = _slow_variation(plan.n_seconds, generator)
    volume = _draw_volume(fraction, activity, surprise, generator)
    log_prices = walk_price_compiled(diffusion - variance / 2.0 + jumps, volume, edge)
    return PricePath(
        prices_usd=plan.open_price_usd * np.exp(log_prices),
        variance_left=variance_left,
        jumps_left=JUMPS_PER_SESSION * variance_left / plan.volatility_fraction**2,
        surprise=surprise,
        activity=activity,
        underlying_volume=volume,
        day_fraction=fraction,
        volatility_ratio=np.sqrt(np.maximum(variance / TYPICAL_VARIANCE_PER_SECOND, 0.25)),
        volatility_fraction=plan.volatility_fraction,
    )


def _variance_profile(
    plan: DayPlan, fraction: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Expected variance of each second: high at the open, higher again towards the close."""
    volatility = 0.62 + 1.2 * np.exp(-fraction / 0.06) + 0.35 * np.exp((fraction - 1.0) / 0.1)
    for _ in range(generator.integers(0, _MOST_BURSTS + 1)):
        centre, height = generator.uniform(0.1, 0.95), generator.uniform(0.2, 1.0)
        volatility += height * np.exp(-0.5 * ((fraction - centre) / 0.02) ** 2)
    variance = volatility**2
    variance[0] = 0.0  # the first second opens at the planned price
    scaled: FloatArray = variance * (plan.volatility_fraction**2 / variance.sum())
    return scaled


def _draw_jumps(generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Share of the day's variance left as each jump comes, and its log return.

    They are fair, since E[exp(jump)] = 1.
    """
    count = generator.poisson(JUMPS_PER_SESSION)
    jumps_at = np.sort(generator.random(count))[::-1]
    returns = JUMP_VOLATILITY * generator.standard_normal(count) - JUMP_VOLATILITY**2 / 2.0
    return np.ascontiguousarray(jumps_at), returns


def _slow_variation(n_seconds: int, generator: np.random.Generator) -> FloatArray:
    """Autoregressive noise of unit variance that forgets within about three minutes."""
    memory = np.exp(-1.0 / 180.0)
    shocks = generator.standard_normal(n_seconds) * np.sqrt(1.0 - memory**2)
    shocks[0] /= np.sqrt(1.0 - memory**2)
    variation: FloatArray = autoregress_compiled(shocks, memory)
    return variation


def _draw_volume(
    fraction: FloatArray,
    activity: FloatArray,
    surprise: FloatArray,
    generator: np.random.Generator,
) -> FloatArray:
    """Shares a second: a smile over the day, heavy tails, auctions at both ends, and gaps."""
    smile = 0.62 + 1.4 * np.exp(-fraction / 0.09) + 1.6 * np.exp((fraction - 1.0) / 0.05)
    log_noise = 0.4 * activity + 1.0 * generator.standard_normal(len(fraction)) + 0.4 * surprise
    volume = np.ceil(1_150.0 * smile * np.exp(log_noise))
    volume[0] *= 30.0  # opening auction
    volume[-1] *= 150.0  # closing auction
    gap_odds = np.minimum(0.035 * np.exp(-0.7 * activity) * smile**-1.5, 0.4)
    gaps = generator.random(len(fraction)) < gap_odds
    gaps[[0, -1]] = False
    volume[gaps] = 0.0
    return volume
