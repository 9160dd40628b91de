"""Sample sessions: synthetic market data, real in shape, for trying and testing without a provider.

A session follows from its ticker, its date and the settings alone. `edge` is the strength of the
planted mean reversion to VWAP: at 0 the option prices are fair, and there is nothing to earn and
the costs to lose; at 1 a search over a month finds parameters that pay after costs; above it the
edge is plain. With a half-life the edge decays from session to session, as edges in markets do.
"""

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from strategy.date_range import sessions_between
from strategy.errors import ParameterError
from strategy.market_data.alignment import align_session
from strategy.market_data.layout import (
    list_sessions,
    session_folder,
    session_source,
)
from strategy.market_data.plain_file import require_plain_file
from strategy.market_data.sample.clock import DayPlan, plan_day, seeded_generator
from strategy.market_data.sample.options import chain_table, option_bars
from strategy.market_data.sample.path import PricePath, draw_path
from strategy.market_data.sample.underlying import underlying_bars
from strategy.market_data.schema import CHAIN_FILE, OPTIONS_FILE, SYNTHETIC, UNDERLYING_FILE
from strategy.market_data.writing import remove_session, write_session
from strategy.session import SessionData

GENERATOR_VERSION = "3"  # raised whenever the same settings give other bars
STRONGEST_EDGE = 10.0
_SEED_KEY, _EDGE_KEY, _GENERATOR_KEY = "rorq.seed", "rorq.edge", "rorq.generator"
_HALF_LIFE_KEY, _DECAY_KEY = "rorq.edge_half_life_sessions", "rorq.edge_decays_from"


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """What a sample session follows from, besides its date.

    Raises:
        ParameterError: a negative seed, an edge outside 0 to 10, or a half-life that is not above
            0 or has no first day. Also a ValueError.
    """

    ticker: str = "SPY"
    seed: int = 0
    edge: float = 1.0  # strength of the planted mean reversion, 0 for none
    edge_half_life_sessions: float | None = None  # after which half of it is left; None: it stays
    edge_decays_from: date | None = None  # the last day on which all of it is there

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ParameterError(
                f"seed {self.seed}", expected="a whole number from 0 up", remedy="correct --seed"
            )
        if not (math.isfinite(self.edge) and 0.0 <= self.edge <= STRONGEST_EDGE):
            raise ParameterError(
                f"edge {self.edge}",
                expected=f"a number from 0 (none) to {STRONGEST_EDGE:g}",
                remedy="correct --edge",
            )
        half_life = self.edge_half_life_sessions
        if half_life is not None and not (math.isfinite(half_life) and half_life > 0.0):
            raise ParameterError(
                f"edge half-life {half_life} sessions",
                expected="a number above 0",
                remedy="correct --edge-half-life-sessions",
            )
        if (half_life is None) != (self.edge_decays_from is None):
            raise ParameterError(
                f"edge_half_life_sessions {half_life} with edge_decays_from "
                f"{self.edge_decays_from}",
                expected="both or neither",
                remedy="name the day from which the edge decays",
            )

    def edge_on(self, day: date) -> float:
        """Strength of the edge on one day."""
        if self.edge_half_life_sessions is None or self.edge_decays_from is None:
            return self.edge
        age_sessions = max(len(sessions_between(self.edge_decays_from, day)) - 1, 0)
        left: float = 0.5 ** (age_sessions / self.edge_half_life_sessions)
        return self.edge * left

    @property
    def metadata(self) -> dict[str, str]:
        """What the Parquet files state about their making."""
        return {
            _SEED_KEY: str(self.seed),
            _EDGE_KEY: repr(float(self.edge)),
            _GENERATOR_KEY: GENERATOR_VERSION,
            **(
                {
                    _HALF_LIFE_KEY: repr(float(self.edge_half_life_sessions)),
                    _DECAY_KEY: str(self.edge_decays_from),
                }
                if self.edge_half_life_sessions is not None
                else {}
            ),
        }


@dataclass(kw_only=True)
class SampleSummary:
    """What became of each session that was asked for."""

    written: list[date] = field(default_factory=list)
    kept: list[date] = field(default_factory=list)  # there already, of the same settings
    kept_other: list[date] = field(default_factory=list)  # synthetic, of other settings
    kept_real: list[date] = field(default_factory=list)


def sample_tables(day: date, settings: SampleSettings) -> dict[str, pa.Table]:
    """Make one session's three tables, by file name, in memory.

    Raises:
        DateRangeError: `day` is no exchange session.
    """
    generator = _generator_of(day, settings)
    plan, path = _plan_and_path(day, settings, generator)
    underlying = underlying_bars(path, plan.times.open_utc_seconds, generator)
    closes = underlying["close"].to_numpy()
    return {
        UNDERLYING_FILE: underlying,
        CHAIN_FILE: chain_table(plan),
        OPTIONS_FILE: option_bars(plan, path, closes, generator),
    }


def sample_path(day: date, settings: SampleSettings) -> tuple[DayPlan, PricePath]:
    """Return what a session's three tables were made from.

    Raises:
        DateRangeError: `day` is no exchange session.
    """
    return _plan_and_path(day, settings, _generator_of(day, settings))


def _generator_of(day: date, settings: SampleSettings) -> np.random.Generator:
    return seeded_generator(settings.ticker, day.isoformat(), settings.seed)


def _plan_and_path(
    day: date, settings: SampleSettings, generator: np.random.Generator
) -> tuple[DayPlan, PricePath]:
    plan = plan_day(settings.ticker, day, settings.seed)
    return plan, draw_path(plan, settings.edge_on(day), generator)


def sample_session(day: date, settings: SampleSettings) -> SessionData:
    """Make one session ready for the engine, without a cache in between."""
    tables = sample_tables(day, settings)
    identity = f"{settings.ticker}|{day}|{sorted(settings.metadata.items())}"
    return align_session(
        tables[UNDERLYING_FILE].to_pandas(),
        tables[CHAIN_FILE].to_pandas(),
        tables[OPTIONS_FILE].to_pandas(),
        ticker=settings.ticker,
        day=day,
        source=SYNTHETIC,
        fingerprint=hashlib.sha256(identity.encode()).hexdigest(),
    )


def write_samples(
    cache_dir: Path | str,
    days: Iterable[date],
    settings: SampleSettings,
    *,
    force: bool = False,
    on_session: Callable[[date], None] | None = None,
) -> SampleSummary:
    """Write the sessions that the cache does not hold yet, each whole or not at all.

    Real sessions always stay. Synthetic ones stay unless `force` makes them anew.

    Args:
        cache_dir: the cache folder.
        days: exchange sessions.
        settings: what the sessions follow from.
        force: make synthetic sessions anew.
        on_session: called with each date when it is done.
    """
    summary = SampleSummary()
    for day in days:
        group = _existing(cache_dir, day, settings, summary)
        if group is None or (force and group is not summary.kept_real):
            written = _write(cache_dir, day, settings, replace=group is not None)
            # Somebody else may have put a session there meanwhile; it stays.
            group = summary.written if written else _existing(cache_dir, day, settings, summary)
        (summary.kept if group is None else group).append(day)
        if on_session is not None:
            on_session(day)
    return summary


def remove_samples(
    cache_dir: Path | str, ticker: str, days: Iterable[date] | None = None
) -> list[date]:
    """Remove synthetic sessions, of these days or all, and return their dates."""
    wanted = None if days is None else set(days)
    removed = []
    for day in list_sessions(cache_dir, ticker):
        if wanted is not None and day not in wanted:
            continue
        if session_source(session_folder(cache_dir, ticker, day)) == SYNTHETIC:
            remove_session(cache_dir, ticker, day)
            removed.append(day)
    return removed


def sample_metadata(folder: Path) -> dict[str, str]:
    """Return what a synthetic session states about its making; empty where nothing can be read."""
    try:
        require_plain_file(folder / UNDERLYING_FILE)
        metadata = pq.read_metadata(folder / UNDERLYING_FILE).metadata or {}
    except (OSError, pa.ArrowException):
        return {}
    keys = (_SEED_KEY, _EDGE_KEY, _GENERATOR_KEY, _HALF_LIFE_KEY, _DECAY_KEY)
    return {key: metadata[key.encode()].decode() for key in keys if key.encode() in metadata}


def stated_settings(folder: Path, ticker: str) -> SampleSettings | None:
    """Return the settings of a synthetic session; None for another release's, or another kind."""
    stated = sample_metadata(folder)
    try:
        if stated[_GENERATOR_KEY] != GENERATOR_VERSION:
            return None
        half_life, decays_from = stated.get(_HALF_LIFE_KEY), stated.get(_DECAY_KEY)
        return SampleSettings(
            ticker=ticker,
            seed=int(stated[_SEED_KEY]),
            edge=float(stated[_EDGE_KEY]),
            edge_half_life_sessions=None if half_life is None else float(half_life),
            edge_decays_from=None if decays_from is None else date.fromisoformat(decays_from),
        )
    except (KeyError, ValueError):
        return None


def _write(cache_dir: Path | str, day: date, settings: SampleSettings, *, replace: bool) -> bool:
    return write_session(
        cache_dir,
        settings.ticker,
        day,
        sample_tables(day, settings),
        source=SYNTHETIC,
        extra_metadata=settings.metadata,
        replace=replace,
    )


def _existing(
    cache_dir: Path | str, day: date, settings: SampleSettings, summary: SampleSummary
) -> list[date] | None:
    """Return the list of the summary that an existing session belongs in, or None without one."""
    folder = session_folder(cache_dir, settings.ticker, day)
    if not folder.exists():
        return None
    if session_source(folder) != SYNTHETIC:
        return summary.kept_real
    return summary.kept if sample_metadata(folder) == settings.metadata else summary.kept_other
