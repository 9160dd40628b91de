"""Rules on what a session covers: the underlying's seconds and the needed contracts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from strategy.market_data.schema import OPTIONS_FILE, UNDERLYING_FILE
from strategy.market_data.validation.findings import Family, Severity, rule
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import Bars, SessionView


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The longest stretch of seconds without a bar, open and close of the session included."""

    seconds: int  # without a bar
    after: int  # second since the open of the last bar before it, -1 if it begins at the open


@rule(Family.COVERAGE, Severity.ERROR)
def no_bars(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """The underlying has no bar between open and close."""
    bars = view.underlying
    if bars is not None and not bars.on_grid.any():
        yield Hit(file=bars.file, count=1, example=f"{len(bars)} bars, none in the session")


@rule(Family.COVERAGE, Severity.WARNING)
def few_seconds(view: SessionView, settings: ValidationSettings) -> Iterator[Hit]:
    """Too small a share of the session's seconds has an underlying bar."""
    bars = view.underlying
    if bars is None or not bars.on_grid.any():
        return
    share = covered_fraction(bars)
    if share < settings.min_seconds_with_bar_fraction:
        least = settings.min_seconds_with_bar_fraction
        missing = bars.times.n_seconds - round(share * bars.times.n_seconds)
        yield Hit(file=bars.file, count=missing, example=f"share {share:.3f}, least {least}")


@rule(Family.COVERAGE, Severity.WARNING)
def long_gap(view: SessionView, settings: ValidationSettings) -> Iterator[Hit]:
    """Too long a stretch without an underlying bar; that up to the close is `ends_early`."""
    bars = view.underlying
    if bars is None or not bars.on_grid.any():
        return
    gap = longest_gap(bars, up_to_close=False)
    if gap.seconds > settings.max_gap_seconds:
        where = "at the open" if gap.after < 0 else f"after {_clock(gap.after)}"
        example = f"{gap.seconds} seconds {where}, at most {settings.max_gap_seconds}"
        yield Hit(file=UNDERLYING_FILE, count=gap.seconds, example=example)


@rule(Family.COVERAGE, Severity.WARNING)
def ends_early(view: SessionView, settings: ValidationSettings) -> Iterator[Hit]:
    """The last underlying bar comes before the close, for which the calendar has no reason.

    A vendor's archive that was cut; what is open then is closed at the last price known.
    """
    bars = view.underlying
    if bars is None or not bars.on_grid.any():
        return
    close, last = bars.times.n_seconds - 1, int(np.flatnonzero(bars.covered)[-1])
    if close - last > settings.max_gap_seconds:
        example = f"last bar {_clock(last)}, the exchange closed at {_clock(close)}"
        yield Hit(file=UNDERLYING_FILE, count=close - last, example=example)


@rule(Family.COVERAGE, Severity.WARNING, "fetch them with `rorq download --add-contracts`")
def missing_contracts(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """Contracts that the search space could choose have no bar.

    Entries in them are lost, and counted as missing_contract_data.
    """
    absent = sorted(view.needed - view.traded)
    if absent:
        shown = ", ".join(absent[:3]) + (", …" if len(absent) > 3 else "")
        example = f"{len(absent)} of {len(view.needed)}: {shown}"
        yield Hit(file=OPTIONS_FILE, count=len(absent), example=example)


def covered_fraction(bars: Bars) -> float:
    """Share of the session's seconds that have a bar."""
    return int(np.count_nonzero(bars.covered)) / bars.times.n_seconds


def longest_gap(bars: Bars, *, up_to_close: bool = True) -> Gap:
    """Longest stretch of the session without a bar; the whole session if there is none.

    Args:
        bars: the underlying's.
        up_to_close: whether the stretch after the last bar counts; if not, there must be a bar.
    """
    edges = np.concatenate(([-1], np.flatnonzero(bars.covered), [bars.times.n_seconds]))
    edges = edges if up_to_close else edges[:-1]
    lengths = np.diff(edges) - 1
    longest = int(np.argmax(lengths))
    return Gap(seconds=int(lengths[longest]), after=int(edges[longest]))


def _clock(second: int) -> str:
    """New York wall time of a second since the open, which is always 09:30."""
    total = second + 9 * 3600 + 30 * 60
    return f"{total // 3600:02d}:{total // 60 % 60:02d}:{total % 60:02d}"
