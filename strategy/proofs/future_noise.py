"""A copy of a session that agrees with it up to a moment and holds noise from then on.

A rule that looks ahead behaves differently on two such copies; one that does not cannot tell them
apart. The moment moves in place, so that another future costs little more than what lies between.
"""

from dataclasses import replace

import numpy as np

from strategy.session import FloatArray, SessionData

ROUGH_SECONDS = 45  # of wild prices after the moment, so that a short look ahead meets them
CALM_BLOCK_SECONDS = 900  # later levels last this long, so that copies do not trade without end
UNDERLYING_NOISE_FRACTIONS = (0.01, 0.03)  # least and largest distance of a close from the mean
VWAP_NOISE_FRACTIONS = (0.0, 0.004)  # less, so that the close decides on which side of it it is
OPTION_NOISE_FACTORS = (2.5, 5.0)  # least and largest, of a price or its reciprocal
BAR_RANGE_FACTOR = 1.1  # high over price, and price over low, of a noisy option bar
NOISY_BAR_TRADES = 7
UP_OR_DOWN = 0.5  # share of noise that lowers a price
KEPT_FRACTION = 0.5  # of later option bars, where some are taken away


class NoisyFuture:
    """A session's copy and its moment; before `move_to` is called, all of it is noise."""

    def __init__(self, session: SessionData, random: np.random.Generator) -> None:
        self._real = session
        self.session: SessionData = session
        self._moment: int = -1
        self._n_real_bars: int = 0  # of `_by_time`, those that are as in the real session
        n_bars = len(session.bar_seconds)
        self._level_usd = float(np.nanmean(session.underlying_close_usd))
        self._close_steps = self._steps(random, *UNDERLYING_NOISE_FRACTIONS)
        self._vwaps = self._level_usd * (1 + self._steps(random, *VWAP_NOISE_FRACTIONS))
        self._factors = random.uniform(*OPTION_NOISE_FACTORS, n_bars)
        np.reciprocal(self._factors, out=self._factors, where=random.random(n_bars) < UP_OR_DOWN)
        self._kept = random.random(n_bars) < KEPT_FRACTION
        self._by_time = np.argsort(session.bar_seconds, kind="stable")
        self._times = session.bar_seconds[self._by_time]
        self._fill_with_noise()

    def mirror(self) -> None:
        """Turn the noise around: what was to rise falls; all of the copy is noise again."""
        self._close_steps = -self._close_steps
        self._factors = 1 / self._factors
        self._fill_with_noise()

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
        noisy_prices = real.bar_prices_usd[rows] * self._factors[rows]
        copy.bar_prices_usd[rows] = noisy_prices
        copy.bar_highs_usd[rows] = noisy_prices * BAR_RANGE_FACTOR
        copy.bar_lows_usd[rows] = noisy_prices / BAR_RANGE_FACTOR
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

    def _fill_with_noise(self) -> None:
        self._closes = self._level_usd * (1 + self._close_steps)
        prices = self._real.bar_prices_usd * self._factors
        self._n_real_bars = 0
        self._moment = -1
        self.session = replace(
            self._real,
            underlying_close_usd=self._closes.copy(),
            running_vwap_usd=self._vwaps.copy(),
            bar_prices_usd=prices,
            bar_highs_usd=prices * BAR_RANGE_FACTOR,
            bar_lows_usd=prices / BAR_RANGE_FACTOR,
            bar_trades=np.full(len(prices), NOISY_BAR_TRADES, dtype=np.int64),
        )

    def _steps(self, random: np.random.Generator, least: float, largest: float) -> FloatArray:
        """Relative distances, (n_seconds,), of the seconds after a moment: rough, then calm."""
        n_seconds = self._real.n_seconds
        n_blocks = n_seconds // CALM_BLOCK_SECONDS + 1
        levels = random.uniform(least, largest, ROUGH_SECONDS + n_blocks)
        levels[random.random(len(levels)) < UP_OR_DOWN] *= -1
        steps: FloatArray = np.repeat(levels[ROUGH_SECONDS:], CALM_BLOCK_SECONDS)[:n_seconds]
        steps[:ROUGH_SECONDS] = levels[:ROUGH_SECONDS]
        return steps


def _splice(copy: FloatArray, real: FloatArray, noise: FloatArray, second: int) -> None:
    """Real values up to `second`, and after it the noise from its beginning."""
    copy[: second + 1] = real[: second + 1]
    copy[second + 1 :] = noise[: len(noise) - second - 1]
