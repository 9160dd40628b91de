"""What a sample day is before its first second: opening price, volatility, and where it tends.

All of it follows from ticker, date and seed alone, so that sessions can be made in any order and
in any range, and yet a day opens near where the day before closed: the daily figures come from one
random walk over the exchange calendar, short enough to be walked anew from its start.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import numpy as np

from strategy.date_range import CALENDAR_START, SessionTimes, session_times, sessions_between
from strategy.market_data.sample.kernels import autoregress_compiled
from strategy.session import FloatArray

FULL_SESSION_SECONDS = 23_400  # 09:30 to 16:00
_CENTRAL_PRICE_USD = 400.0  # the walk's long-run level
_OVERNIGHT_VOLATILITY = 0.004  # standard deviation of a night's log return
_NIGHTLY_RETURN_TO_CENTRE = 1.0 / 250.0  # of the log distance from the long-run level
# Of a full session's log return; three days, whose prices their authors made, have 1.0 to 1.2 %.
_TYPICAL_VOLATILITY = 0.0112
TYPICAL_VARIANCE_PER_SECOND = _TYPICAL_VOLATILITY**2 / FULL_SESSION_SECONDS
_VOLATILITY_SPREAD = 0.25  # standard deviation of its logarithm
_VOLATILITY_MEMORY = 0.9  # correlation of that logarithm from day to day
_WALK_SESSIONS = 12_000  # 47 years from the calendar's start


@dataclass(frozen=True, kw_only=True)
class DayPlan:
    """One sample day as it stands before the open."""

    ticker: str
    date: date
    seed: int
    times: SessionTimes
    open_price_usd: float
    volatility_fraction: float  # standard deviation of the session's diffusive log return
    diffusive_return: float  # log return of the diffusion from open to close: N(0, volatility)

    @property
    def n_seconds(self) -> int:
        """Rows of the session's grid."""
        return self.times.n_seconds


def seeded_generator(ticker: str, label: str, seed: int) -> np.random.Generator:
    """Return the random numbers that belong to (ticker, label, seed) and to nothing else."""
    digest = hashlib.sha256(f"{ticker}|{label}|{seed}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def plan_day(ticker: str, day: date, seed: int) -> DayPlan:
    """Look one day up in the walk.

    Raises:
        DateRangeError: `day` is no exchange session.
    """
    times = session_times(day)
    row = _row_of_day(day)
    log_opens, volatilities, draws = _walk_of_days(ticker, seed)
    length = (times.n_seconds - 1) / FULL_SESSION_SECONDS
    volatility = float(volatilities[row]) * math.sqrt(length)
    return DayPlan(
        ticker=ticker,
        date=day,
        seed=seed,
        times=times,
        open_price_usd=round(_CENTRAL_PRICE_USD * math.exp(log_opens[row]), 2),
        volatility_fraction=volatility,
        diffusive_return=volatility * float(draws[row]),
    )


@cache
def _row_of_day(day: date) -> int:
    new_year = max(date(day.year, 1, 1), CALENDAR_START)
    return _sessions_before_year(day.year) + len(sessions_between(new_year, day)) - 1


@cache
def _sessions_before_year(year: int) -> int:
    last_day = date(year - 1, 12, 31)
    return 0 if last_day < CALENDAR_START else len(sessions_between(CALENDAR_START, last_day))


@lru_cache(maxsize=4)
def _walk_of_days(ticker: str, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log opens, daily volatilities and standard normal draws of the days, by session number."""
    normals = seeded_generator(ticker, "days", seed).standard_normal((_WALK_SESSIONS, 3))
    day_draws, night_draws, volatility_draws = normals.T
    fresh = math.sqrt(1.0 - _VOLATILITY_MEMORY**2)
    log_volatilities = autoregress_compiled(fresh * volatility_draws, _VOLATILITY_MEMORY)
    volatilities = _TYPICAL_VOLATILITY * np.exp(_VOLATILITY_SPREAD * log_volatilities)
    # log open[k + 1] = (1 - return to centre) * (log open[k] + day k) + night k
    keep = 1.0 - _NIGHTLY_RETURN_TO_CENTRE
    steps = keep * volatilities * day_draws + _OVERNIGHT_VOLATILITY * night_draws
    log_opens = autoregress_compiled(np.concatenate(([0.0], steps[:-1])), keep)
    return log_opens, volatilities, day_draws
