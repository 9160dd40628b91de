"""Rules on the bars of a session: their order in time, their prices, and how they move."""

from collections.abc import Iterable, Iterator

import numpy as np

from strategy.market_data.validation.findings import LOOK, Family, Severity, rule
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import Bars, BoolArray, FloatArray, SessionView


@rule(Family.TIMESTAMPS, Severity.ERROR)
def fractional_second(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A timestamp that is no start of a second."""
    for bars in view.bar_files:
        yield from _hit(bars, bars.timed & (bars.milliseconds % 1000 != 0))


@rule(Family.TIMESTAMPS, Severity.ERROR)
def other_day(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """Bars of another New York day."""
    for bars in view.bar_files:
        yield from _hit(bars, bars.timed & ~bars.of_this_day)


@rule(Family.TIMESTAMPS, Severity.WARNING, "nothing: they are not used")
def outside_session(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """Bars before the open or after the close, which are dropped."""
    for bars in view.bar_files:
        yield from _hit(bars, bars.of_this_day & ~bars.on_grid)


@rule(Family.TIMESTAMPS, Severity.ERROR)
def duplicate_second(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """Two bars of one contract, or of the underlying, in one second."""
    for bars in view.bar_files:
        if len(bars) < 2 or (_ascending(bars).all() and not _split_contracts(bars).any()):
            continue
        by_time = np.lexsort((bars.seconds, bars.contract_codes))
        same = (np.diff(bars.seconds[by_time]) == 0) & (np.diff(bars.contract_codes[by_time]) == 0)
        repeated = np.zeros(len(bars), bool)
        repeated[by_time[1:][same]] = True
        yield from _hit(bars, repeated & bars.timed)


@rule(Family.TIMESTAMPS, Severity.ERROR)
def unsorted_bars(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """Bars that go back in time, or a contract's bars that do not stand together."""
    for bars in view.bar_files:
        if len(bars) < 2:
            continue
        backwards = (np.diff(bars.milliseconds) < 0) & bars.follows_same_contract
        backwards &= bars.timed[1:] & bars.timed[:-1]
        yield from _hit(bars, np.concatenate(([False], backwards)) | _split_contracts(bars))


@rule(Family.PRICES, Severity.ERROR)
def bar_order(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A low above the bar's open, close or high, or a high below one of them."""
    for bars in view.bar_files:
        opens, highs, lows, closes = (bars.column(n) for n in ("open", "high", "low", "close"))
        least, most = np.minimum(opens, closes), np.maximum(opens, closes)
        yield from _hit(bars, (lows > least) | (lows > highs) | (highs < most))


@rule(Family.PRICES, Severity.WARNING, LOOK)
def vwap_outside_bar(view: SessionView, settings: ValidationSettings) -> Iterator[Hit]:
    """A VWAP below the bar's low or above its high.

    Common in real data, since odd lots count in the VWAP but not in the extremes.
    """
    for bars in view.bar_files:
        vwap, margin = bars.column("vwap"), settings.vwap_tolerance_usd
        below = vwap < bars.column("low") - margin
        yield from _hit(bars, below | (vwap > bars.column("high") + margin))


@rule(Family.MOVEMENT, Severity.WARNING, LOOK)
def price_spike(view: SessionView, settings: ValidationSettings) -> Iterator[Hit]:
    """A close that jumps for one bar and comes back in the next."""
    if view.underlying is not None:
        bars = view.underlying
        prices = bars.column("close")
        size = settings.spike_percent / 100 * prices
        yield from _hit(bars, _spikes(bars, prices, size, settings))
    if view.options is not None:
        bars = view.options
        prices = bars.column("close")
        size = np.maximum(settings.option_spike_percent / 100 * prices, settings.option_spike_usd)
        yield from _hit(bars, _spikes(bars, prices, size, settings))


@rule(Family.MOVEMENT, Severity.WARNING, "import the old cache again without --keep-repeats")
def repeated_bars(view: SessionView, settings: ValidationSettings) -> Iterator[Hit]:
    """Underlying bars that equal the one before, volume included, as forward-filling leaves them.

    They count their volume again in the running VWAP.
    """
    bars = view.underlying
    if bars is None or len(bars) < 2:
        return
    repeats = (np.diff(bars.milliseconds) == 1000) & (bars.column("volume")[1:] > 0)
    for name in ("open", "high", "low", "close", "volume", "vwap", "trades"):
        values = bars.column(name)
        both_missing = np.isnan(values[1:]) & np.isnan(values[:-1])
        repeats &= (values[1:] == values[:-1]) | both_missing
    if repeats.sum() > settings.max_repeated_bars_fraction * len(bars):
        yield from _hit(bars, np.concatenate(([False], repeats)))


def _hit(bars: Bars, broken: BoolArray) -> Iterable[Hit]:
    """One hit if any row is broken."""
    count = int(np.count_nonzero(broken))
    if not count:
        return ()
    example = bars.describe(int(np.argmax(broken)))
    return (Hit(file=bars.file, count=count, example=example),)


def _ascending(bars: Bars) -> BoolArray:
    return (np.diff(bars.seconds) > 0) | ~bars.follows_same_contract


def _split_contracts(bars: Bars) -> BoolArray:
    """First rows of a contract's second and later runs."""
    starts = np.flatnonzero(np.concatenate(([True], ~bars.follows_same_contract))[: len(bars)])
    broken = np.zeros(len(bars), bool)
    codes = bars.contract_codes[starts]
    if len(np.unique(codes)) < len(codes):
        first_runs = np.unique(codes, return_index=True)[1]
        broken[np.delete(starts, first_runs)] = True
    return broken


def _spikes(
    bars: Bars, prices: FloatArray, size: FloatArray, settings: ValidationSettings
) -> BoolArray:
    """Rows whose price leaves that of the bar before by more than `size` and comes back."""
    spikes = np.zeros(len(bars), bool)
    if len(bars) < 3:
        return spikes
    same_contract = bars.follows_same_contract
    with np.errstate(invalid="ignore"):  # infinite prices, which are told as errors
        jump, remains = np.abs(prices[1:-1] - prices[:-2]), np.abs(prices[2:] - prices[:-2])
        spikes[1:-1] = (
            (jump > size[:-2])
            & (remains <= settings.spike_reversal_fraction * jump)
            & same_contract[1:]
            & same_contract[:-1]
        )
    return spikes
