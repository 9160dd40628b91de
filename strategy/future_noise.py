"""A copy of a session that agrees with it up to a moment and holds noise from then on.

A rule that looks ahead behaves differently on two such copies; one that does not cannot tell them
apart. The moment moves in place, so that another future costs little more than what lies between.
"""

from dataclasses import replace

import numpy as np

from strategy.session import FloatArray, SessionData

ROUGH_SECONDS = 45  # of wild prices after the moment, so that a short look ahead meets them
CALM_BLOCK_SECONDS = 900  # later levels last this long, so that copies do not trade without end
UNDERLYING_NOISE_FRACTION = 0.03  # largest distance of a noisy close from the day's mean
VWAP_NOISE_FRACTION = 0.01
OPTION_NOISE_LOG = 0.8  # standard deviation of the logarithm of an option price's factor
BAR_RANGE_FACTOR = 1.1  # high over price, and price over low, of a noisy option bar
NOISY_BAR_TRADES = 7
KEPT_FRACTION = 0.5  # of later option bars, where some are taken away


class NoisyFuture:
    """A session's copy and its moment; before `move_to` is called, all of it is noise."""

    def __init__(self, session: SessionData, random: np.random.Generator) -> None:
        self._real = session
        level_usd = float(np.nanmean(session.underlying_close_usd))
        self._closes = level_usd * (1 + self._steps(random, UNDERLYING_NOISE_FRACTION))
        self._vwaps = level_usd * (1 + self._steps(random, VWAP_NOISE_FRACTION))
        n_bars = len(session.bar_seconds)
        factors = np.exp(random.normal(0, OPTION_NOISE_LOG, n_bars))
        self._prices = session.bar_prices_usd * factors
        self._kept = random.random(n_bars) < KEPT_FRACTION
        self._by_time = np.argsort(session.bar_seconds, kind="stable")
        self._times = session.bar_seconds[self._by_time]
        self._n_real_bars = 0  # of `_by_time`, those that are as in the real session
        self._moment = -1
        self.session = replace(
            session,
            underlying_close_usd=self._closes.copy(),
            running_vwap_usd=self._vwaps.copy(),
            bar_prices_usd=self._prices.copy(),
            bar_highs_usd=self._prices * BAR_RANGE_FACTOR,
            bar_lows_usd=self._prices / BAR_RANGE_FACTOR,
            bar_trades=np.full(n_bars, NOISY_BAR_TRADES, dtype=np.int64),
        )

    def move_to(self, second: int) -> SessionData:
        """Make all up to `second` real and all after it noise; the copy is overwritten."""
        real, copy = self._real, self.session
        self._moment = second
        _splice(copy.underlying_close_usd, real.underlying_close_usd, self._closes, second)
        _splice(copy.running_vwap_usd, real.running_vwap_usd, self._vwaps, second)
        n_real_bars = int(np.searchsorted(self._times, second, side="right"))
        rows = self._by_time[self._n_real_bars : n_real_bars]
        copy.bar_prices_usd[rows] = real.bar_prices_usd[rows]
        copy.bar_highs_usd[rows] = real.bar_highs_usd[rows]
        copy.bar_lows_usd[rows] = real.bar_lows_usd[rows]
        copy.bar_trades[rows] = real.bar_trades[rows]
        rows = self._by_time[n_real_bars : self._n_real_bars]
        copy.bar_prices_usd[rows] = self._prices[rows]
        copy.bar_highs_usd[rows] = self._prices[rows] * BAR_RANGE_FACTOR
        copy.bar_lows_usd[rows] = self._prices[rows] / BAR_RANGE_FACTOR
        copy.bar_trades[rows] = NOISY_BAR_TRADES
        self._n_real_bars = n_real_bars
        return copy

    def with_fewer_bars(self) -> SessionData:
        """The copy as it is now, without some of the option bars after its moment."""
        copy = self.session
        kept = (copy.bar_seconds <= self._moment) | self._kept
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        return replace(
            copy,
            bar_offsets=kept_before[copy.bar_offsets].astype(np.int64),
            bar_seconds=copy.bar_seconds[kept],
            bar_prices_usd=copy.bar_prices_usd[kept],
            bar_highs_usd=copy.bar_highs_usd[kept],
            bar_lows_usd=copy.bar_lows_usd[kept],
            bar_trades=copy.bar_trades[kept],
        )

    def _steps(self, random: np.random.Generator, largest: float) -> FloatArray:
        """Relative distances, (n_seconds,), of the seconds after a moment: rough, then calm."""
        n_seconds = self._real.n_seconds
        blocks = random.uniform(-largest, largest, n_seconds // CALM_BLOCK_SECONDS + 1)
        steps: FloatArray = np.repeat(blocks, CALM_BLOCK_SECONDS)[:n_seconds]
        steps[:ROUGH_SECONDS] = random.uniform(-largest, largest, ROUGH_SECONDS)
        return steps


def _splice(copy: FloatArray, real: FloatArray, noise: FloatArray, second: int) -> None:
    """Real values up to `second`, and after it the noise from its beginning."""
    copy[: second + 1] = real[: second + 1]
    copy[second + 1 :] = noise[: len(noise) - second - 1]
