"""Small, nasty sessions and parameters for hypothesis.

Hypothesis draws the shape (day, number of bars, strikes, pace), and a seeded generator fills in the
bars: few of them, spread over a full grid of seconds, with prices that stretch away from VWAP and
come back, contracts that trade late or never, holes in the strikes, and missing values.
"""

from datetime import date, time
from random import Random

from hypothesis import strategies as st

from strategy.market_data import SessionFrames
from strategy.params import StrategyParams
from tests.strategy.made_sessions import (
    N_SECONDS,
    OPENS_UTC_SECONDS,
    OptionBar,
    UnderlyingBar,
    make_frames,
)

BASE_USD = 400.0
GAPS_SECONDS = (1, 1, 1, 1, 1, 2, 3, 5, 10, 31, 60, 300)
CENTS_FROM_BASE = (-400, -150, -80, -41, -40, -20, 0, 0, 20, 40, 41, 80, 150, 400)
VOLUMES = (0.0, 0.5, 1.0, 100.0, 100.0, 2500.25)
OPTION_CENTS = (1, 2, 5, 50, 80, 99, 100, 100, 101, 125, 150, 200, 400)


def random_frames(
    random: Random,
    day: date,
    *,
    n_underlying_bars: int,
    n_option_bars: int,
    strikes: list[int],
) -> SessionFrames:
    """Fill in one session; `strikes` are half dollars from the base price, doubled for calls."""
    seconds = _underlying_seconds(random, N_SECONDS[day], n_underlying_bars)
    underlying: list[UnderlyingBar] = []
    for second in seconds:
        close = round(BASE_USD + random.choice(CENTS_FROM_BASE) / 100, 2)
        vwap = random.choice((None, close, round(close + random.randrange(-9, 10) / 100, 4)))
        underlying.append((second, close, random.choice(VOLUMES), vwap))
    options = {
        (kind, BASE_USD + strike / 2): _option_bars(random, seconds, N_SECONDS[day], n_option_bars)
        for kind in ("call", "put")
        for strike in strikes
        if random.random() < 0.8
    }
    if not options:
        options["call", BASE_USD] = []
    return make_frames(day, underlying, options, shares=random.choice((100, 100, 10)))


def _underlying_seconds(random: Random, n_seconds: int, n_bars: int) -> list[int]:
    """Seconds with bars: runs and gaps, from the open, or near the close, or before the open."""
    last = n_seconds - 1
    second = random.choice((-30, 0, 0, 0, 5, 600, 600, last - 900, last - 400, last - 60))
    seconds = []
    for _ in range(n_bars):
        seconds.append(second)
        second += random.choice(GAPS_SECONDS)
        if random.random() < 0.03:
            second = max(second, last - random.choice((420, 370, 65, 4)))
    on_grid = [second for second in seconds if second <= last]
    if on_grid[-1] < 0:
        on_grid.append(0)
    return on_grid


def _option_bars(
    random: Random, anchors: list[int], n_seconds: int, n_bars: int
) -> list[OptionBar]:
    """Bars near those of the underlying; a contract in ten never trades."""
    if random.random() < 0.1:
        return []
    earliest = random.choice((0, 0, 0, 0, len(anchors) // 2))
    seconds = {
        min(random.choice(anchors[earliest:]) + random.randrange(12), n_seconds + 3)
        for _ in range(random.randint(1, n_bars))
    }
    bars: list[OptionBar] = []
    for second in sorted(seconds):
        close = random.choice(OPTION_CENTS) / 100
        vwap = random.choice((None, close, round(close * 1.0137, 4)))
        bars.append((second, close, vwap))
    return bars


@st.composite
def session_frames(draw: st.DrawFn, day: date | None = None) -> SessionFrames:
    """One session on a real exchange day, early closes included."""
    return random_frames(
        Random(draw(st.integers(0, 2**32))),
        day or draw(st.sampled_from(sorted(OPENS_UTC_SECONDS))),
        n_underlying_bars=draw(st.sampled_from((300, 100, 20, 1, 600))),
        n_option_bars=draw(st.sampled_from((100, 200, 10, 1))),
        strikes=draw(st.lists(st.integers(-8, 8), min_size=1, max_size=10, unique=True)),
    )


@st.composite
def session_ranges(draw: st.DrawFn) -> list[SessionFrames]:
    """One to three sessions, by date."""
    days = draw(
        st.lists(st.sampled_from(sorted(OPENS_UTC_SECONDS)), min_size=1, max_size=3, unique=True)
    )
    return [draw(session_frames(day)) for day in sorted(days)]


_ENTRY_WINDOWS = (
    (time(9, 30), time(15, 45)),
    (time(9, 30), time(15, 45)),
    (time(9, 0), time(16, 30)),
    (time(9, 30), time(9, 30, 20)),
    (time(9, 31), time(12, 0)),
    (time(12, 45), time(15, 59, 59)),
    (time(15, 0), time(15, 45)),
)
_CUTOFFS = (
    time(15, 54), time(15, 54), time(15, 54), time(15, 54), time(15, 54), time(15, 59, 58),
    time(16, 0), time(23, 0), time(12, 0), time(9, 35),
)  # fmt: skip
_EMERGENCIES = (time(15, 55), time(9, 41), time(15, 54), time(12, 30), time(15, 0), time(23, 0))


@st.composite
def strategy_params(draw: st.DrawFn) -> StrategyParams:
    """Parameters tight enough to trade on the sessions above, and some that are not."""
    stretch = draw(st.sampled_from((0.0002, 0.0005, 0.001, 0.001, 0.002, 0.0037, 0.02)))
    window = draw(st.sampled_from(_ENTRY_WINDOWS))
    return StrategyParams(
        entry_start_time=window[0],
        entry_end_time=window[1],
        stretch_threshold=stretch,
        reclaim_threshold=stretch * draw(st.sampled_from((0.0, 0.4, 0.5, 0.8, 1.0))),
        cooldown_period_seconds=draw(st.sampled_from((60, 120, 5, 30, 300, 600, 1, 20_000))),
        take_profit_percent=draw(st.sampled_from((0.5, 1, 25, 50, 100, 1000))),
        stop_loss_percent=draw(st.sampled_from((-0.5, -1, -10, -25, -50, -99, -100))),
        max_trade_duration_seconds=draw(st.sampled_from((1, 10, 60, 300, 900, 5000))),
        strikes_depth=draw(st.integers(1, 3)),
        option_selection_mode=draw(st.sampled_from(("itm", "otm", "atm"))),
        contracts_per_trade=draw(st.integers(1, 3)),
        fill_rule=draw(st.sampled_from(("next_bar", "next_bar", "latest_bar"))),
        max_fill_wait_seconds=draw(st.sampled_from((10, 0, 1, 2, 5, 30))),
        slippage_amount=draw(st.sampled_from((0.0, 0.01, 0.02, 0.5))),
        slippage_fraction=draw(st.sampled_from((0.0, 0.01, 0.3))),
        latency_seconds=draw(st.integers(0, 5)),
        brokerage_fee_per_contract=draw(st.sampled_from((0.0, 0.65))),
        exchange_fee_per_contract=draw(st.sampled_from((0.0, 0.65))),
        late_entry_cutoff_time=draw(st.sampled_from(_CUTOFFS)),
        end_of_day_exit_time=draw(st.sampled_from(_CUTOFFS)),
        emergency_exit_time=draw(st.sampled_from(_EMERGENCIES)),
        price_staleness_threshold_seconds=draw(st.sampled_from((0, 1, 10, 100))),
    )
