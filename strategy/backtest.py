"""run_backtest: one parameter set traded through a range's sessions.

Stateless: the same inputs give the same outputs, in any order, in any process. The rules are those
of `strategy.reference`; the work is done by `strategy.kernels`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property

import numpy as np
import pandas as pd

from strategy.date_range import REGULAR_OPEN_TIME
from strategy.errors import MissingSessionError
from strategy.kernels import codes
from strategy.kernels.session_walk import trade_session
from strategy.metrics import Counts, Metrics, compute_metrics
from strategy.params import StrategyParams
from strategy.session import FloatArray, IntArray, SessionData
from strategy.trade_table import trade_table

ENGINE_VERSION = "2"  # grows whenever the same inputs would give another output


@dataclass(frozen=True, eq=False, kw_only=True)
class BacktestResult:
    """Metrics, counts and, made when first asked for, the table of trades."""

    metrics: Metrics
    counts: Counts
    _sessions: Sequence[SessionData] = field(repr=False)
    _rows: Sequence[IntArray] = field(repr=False)  # a session each, (n_trades, N_TRADE_COLUMNS)
    _money: FloatArray = field(repr=False)  # (n_trades, 2), net P&L and risk, USD

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Trades in order of their signals, columns `TRADE_COLUMNS`, times in New York."""
        return trade_table(self._sessions, self._rows, self._money)


def run_backtest(params: StrategyParams, sessions: Sequence[SessionData]) -> BacktestResult:
    """Trade one parameter set through the sessions.

    Raises:
        MissingSessionError: no session was given.
    """
    if not sessions:
        raise MissingSessionError(
            "a backtest without sessions",
            expected="at least one session",
            remedy="load the sessions of a range that is cached",
        )
    counts = np.zeros(codes.N_COUNTS, dtype=np.int64)
    walks = [_walk_session(params, session, counts) for session in sessions]
    rows = [session_rows for session_rows, _ in walks]
    money = np.concatenate([session_money for _, session_money in walks])
    metrics = compute_metrics(
        net_pnl=money[:, 0],
        risk=money[:, 1],
        session_index=np.repeat(np.arange(len(sessions)), [len(r) for r in rows]),
        exit_seconds=np.concatenate([r[:, codes.EXIT_SECOND] for r in rows]),
        n_sessions=len(sessions),
    )
    return BacktestResult(
        metrics=metrics, counts=_counts_of(counts), _sessions=sessions, _rows=rows, _money=money
    )


def seconds_since_open(clock_time: time) -> int:
    """Seconds from the regular open to a New York wall time; negative before it."""
    return _second_of_day(clock_time) - _second_of_day(REGULAR_OPEN_TIME)


def session_clock(params: StrategyParams, session: SessionData) -> IntArray:
    """Entry start and end, late cutoff, end of day, emergency: seconds since the open, (5,).

    On an early close the last three move earlier by as much as the close did.
    """
    shift = session.close_shift_seconds
    return np.array(
        [
            seconds_since_open(params.entry_start_time),
            seconds_since_open(params.entry_end_time),
            seconds_since_open(params.late_entry_cutoff_time) - shift,
            seconds_since_open(params.end_of_day_exit_time) - shift,
            seconds_since_open(params.emergency_exit_time) - shift,
        ],
        dtype=np.int64,
    )


def _walk_session(
    params: StrategyParams, session: SessionData, counts: IntArray
) -> tuple[IntArray, FloatArray]:
    rows, money = trade_session(
        session.underlying_close_usd,
        session.running_vwap_usd,
        session.call_strikes_usd,
        session.put_strikes_usd,
        session.shares_per_contract,
        session.bar_offsets,
        session.bar_seconds,
        session.bar_prices_usd,
        session_clock(params, session),
        params.stretch_threshold,
        params.reclaim_threshold,
        params.cooldown_period_seconds,
        params.take_profit_percent,
        params.stop_loss_percent,
        params.max_trade_duration_seconds,
        params.strikes_depth,
        codes.MODE_CODES[params.option_selection_mode],
        params.contracts_per_trade,
        params.slippage_amount,
        params.slippage_fraction,
        codes.FILL_RULE_CODES[params.fill_rule],
        params.latency_seconds,
        params.max_fill_wait_seconds,
        params.brokerage_fee_per_contract + params.exchange_fee_per_contract,
        params.price_staleness_threshold_seconds,
        counts,
    )
    return rows, money


def _counts_of(counts: IntArray) -> Counts:
    return Counts(
        stretch_signals=int(counts[codes.STRETCH_SIGNALS]),
        valid_entries=int(counts[codes.VALID_ENTRIES]),
        late_entries_blocked=int(counts[codes.LATE_ENTRIES_BLOCKED]),
        missing_contract_data=int(counts[codes.MISSING_CONTRACT_DATA]),
        no_price_at_entry=int(counts[codes.NO_PRICE_AT_ENTRY]),
        no_fill=int(counts[codes.NO_FILL]),
        stale_prices=int(counts[codes.STALE_PRICES]),
        forced_exits=int(counts[codes.FORCED_EXITS]),
        exit_without_print=int(counts[codes.EXIT_WITHOUT_PRINT]),
    )


def _second_of_day(clock_time: time) -> int:
    return clock_time.hour * 3600 + clock_time.minute * 60 + clock_time.second
