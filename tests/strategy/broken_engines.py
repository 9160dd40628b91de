"""A small trading engine that can be told to look ahead or to fill wrongly, one fault at a time.

Without a fault it gives the trades of `run_backtest`; it exists to show that the look-ahead check
catches what it is meant to catch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strategy.backtest import session_clock
from strategy.date_range import NEW_YORK
from strategy.params import StrategyParams
from strategy.session import SessionData
from strategy.trade_table import TRADE_COLUMNS


@dataclass(frozen=True, kw_only=True)
class HookedEngine:
    """A trade engine; every fault is off by default."""

    signal_peek_seconds: int = 0  # signals see the underlying this much ahead
    exit_peek_seconds: int = 0  # exit rules see the option this much ahead
    entry_peek_seconds: int = 0  # the entry is filled at the price of this much later
    contract_at_execution: bool = False  # the contract is chosen by the close at the entry
    bar_after_exit: bool = False  # the exit is filled at the bar that follows it
    next_day: bool = False  # trades are made only if the next session closes higher
    fill_at_deciding_bar: bool = False  # of the fill rule next_bar, as the three that follow
    fill_before_latency: bool = False
    fill_after_wait: bool = False
    unmarked_exits: bool = False  # exits without a print are given as filled

    def __call__(self, params: StrategyParams, sessions: Sequence[SessionData]) -> pd.DataFrame:
        rows = []
        for session, following in zip(sessions, [*sessions[1:], None], strict=True):
            if self.next_day and following is not None:
                closes = following.underlying_close_usd
                if np.nanmean(closes[-900:]) < np.nanmean(session.underlying_close_usd[-900:]):
                    continue
            rows += self.trade_session(params, session)
        frame = pd.DataFrame(rows, columns=list(TRADE_COLUMNS))
        for name in (name for name in TRADE_COLUMNS if name.endswith("_time")):
            utc = pd.to_datetime(frame[name].astype("int64"), unit="s", utc=True)
            frame[name] = utc.dt.tz_convert(NEW_YORK)
        return frame

    def trade_session(self, params: StrategyParams, session: SessionData) -> list[dict]:
        signals = [
            (reclaim, stretch, side)
            for side in ("below", "above")
            for stretch, reclaim in self.signals(params, session, side)
        ]
        cutoff = session_clock(params, session)[2]
        trades = [
            self.trade(params, session, *signal) for signal in sorted(signals) if signal[0] < cutoff
        ]
        return [trade for trade in trades if trade is not None]

    def signals(self, params: StrategyParams, session: SessionData, side: str):
        seen = np.minimum(
            np.arange(session.n_seconds) + self.signal_peek_seconds, session.n_seconds - 1
        )
        closes, vwaps = session.underlying_close_usd[seen], session.running_vwap_usd[seen]
        if side == "below":
            stretched = closes < vwaps * (1 - params.stretch_threshold)
            reclaimed = closes >= vwaps * (1 - params.reclaim_threshold)
        else:
            stretched = closes > vwaps * (1 + params.stretch_threshold)
            reclaimed = closes <= vwaps * (1 + params.reclaim_threshold)
        start, end = session_clock(params, session)[:2]
        stretched[: max(start, 0)] = False
        stretched[end + 1 :] = False
        cooldown = params.cooldown_period_seconds
        earliest = 0
        for second in np.flatnonzero(stretched).tolist():
            if second >= earliest:
                earliest = second + cooldown
                later = np.flatnonzero(reclaimed[second + 1 : second + cooldown + 1])
                if len(later):
                    yield second, second + 1 + int(later[0])

    def trade(
        self, params: StrategyParams, session: SessionData, reclaim: int, stretch: int, side: str
    ) -> dict | None:
        last = session.n_seconds - 1
        due = reclaim + params.latency_seconds
        chosen_at = min(due, last) if self.contract_at_execution else reclaim
        contract = choose(params, session, side, session.underlying_close_usd[chosen_at])
        if contract is None:
            return None
        rows = slice(session.bar_offsets[contract], session.bar_offsets[contract + 1])
        bars = Bars(session.bar_seconds[rows], session.bar_prices_usd[rows], last)
        if params.fill_rule == "latest_bar":
            entry, bought = due, bars.latest(due)
        else:
            bought = self.next_bar(bars, reclaim, params.latency_seconds)
            entry = int(bars.seconds[bought]) if bought < len(bars.seconds) else last
            in_time = self.fill_after_wait or entry <= due + params.max_fill_wait_seconds
            bought = bought if in_time and entry < last else -1
        if entry > last or bought < 0:
            return None
        if self.entry_peek_seconds:
            bought = bars.latest(min(entry + self.entry_peek_seconds, last))
        entry_price = float(bars.prices[bought])
        decision, reason = self.exit(params, session, entry, entry_price, bars)
        exit_second, sold, without_print = self.sale(params, bars, decision, reason)
        if self.bar_after_exit:
            sold = min(sold + 1, len(bars.prices) - 1)
        exit_price = float(bars.prices[sold])
        buy = entry_price + params.slippage_amount
        sell = max(exit_price - params.slippage_amount, 0)
        quantity = session.shares_per_contract[contract] * params.contracts_per_trade
        fee = params.brokerage_fee_per_contract + params.exchange_fee_per_contract
        fees = 2 * fee * params.contracts_per_trade
        opening = session.open_utc_seconds
        return {
            "session_date": session.date,
            "side": side,
            "stretch_time": opening + stretch,
            "signal_time": opening + reclaim,
            "entry_time": opening + entry,
            "ticker": session.contract_tickers[contract],
            "underlying_price": float(session.underlying_close_usd[chosen_at]),
            "entry_price": entry_price,
            "exit_time": opening + exit_second,
            "exit_price": exit_price,
            "exit_reason": reason,
            "net_pnl_usd": float((sell - buy) * quantity - fees),
            "risk_usd": float(buy * quantity * abs(params.stop_loss_percent) / 100 + fees),
            "entry_price_age_seconds": int(entry - bars.seconds[bought]),
            "exit_price_age_seconds": int(exit_second - bars.seconds[sold]),
            "exit_decision_time": opening + decision,
            "exit_without_print": without_print,
        }

    def next_bar(self, bars: "Bars", decision: int, latency: int) -> int:
        """The first bar that may fill an order; the number of bars where none comes."""
        if self.fill_at_deciding_bar:
            return bars.first_from(decision)
        return bars.first_from(decision + (1 if self.fill_before_latency else max(latency, 1)))

    def sale(self, params, bars: "Bars", decision: int, reason: str) -> tuple[int, int, bool]:
        if reason == "end_of_data":
            return bars.last_second, bars.latest(bars.last_second), False
        latency = 0 if reason == "emergency_exit" else params.latency_seconds
        if params.fill_rule == "latest_bar":
            return decision + latency, bars.latest(decision + latency), False
        sold = self.next_bar(bars, decision, latency)
        if sold < len(bars.seconds):
            return int(bars.seconds[sold]), sold, False
        return bars.last_second, sold - 1, not self.unmarked_exits

    def exit(self, params, session, entry, entry_price, bars: "Bars") -> tuple[int, str]:
        last = session.n_seconds - 1
        end_of_day, emergency = session_clock(params, session)[3:]
        for second in range(entry + 1, last + 1):
            if second >= emergency:
                return second, "emergency_exit"
            price = float(bars.prices[bars.latest(min(second + self.exit_peek_seconds, last))])
            gain = 100 * (price - entry_price) / entry_price
            if second >= end_of_day:
                reason = "end_of_day"
            elif gain >= params.take_profit_percent:
                reason = "take_profit"
            elif gain <= params.stop_loss_percent:
                reason = "stop_loss"
            elif second - entry >= params.max_trade_duration_seconds:
                reason = "time_exit"
            else:
                continue
            if params.fill_rule == "next_bar" or second + params.latency_seconds <= last:
                return second, reason
        return last, "end_of_data"


@dataclass(frozen=True, eq=False)
class Bars:
    """One contract's bars."""

    seconds: np.ndarray
    prices: np.ndarray
    last_second: int  # of the session

    def latest(self, second: int) -> int:
        return self.first_from(second + 1) - 1

    def first_from(self, second: int) -> int:
        return int(np.searchsorted(self.seconds, second))


def choose(params: StrategyParams, session: SessionData, side: str, close: float) -> int | None:
    """The contract by moneyness, of those with bars; itm and otm only, depth as it comes."""
    calls = side == "below"
    strikes = session.call_strikes_usd if calls else session.put_strikes_usd
    first = 0 if calls else len(session.call_strikes_usd)
    if not len(strikes):
        return None
    if calls == (params.option_selection_mode == "itm"):
        wanted = np.flatnonzero(strikes < close)[::-1]
    else:
        wanted = np.flatnonzero(strikes > close)
    if len(wanted):
        row = int(wanted[min(params.strikes_depth, len(wanted)) - 1])
    else:
        row = int(np.argmin(np.abs(strikes - close)))
    contract = first + row
    has_bars = session.bar_offsets[contract] < session.bar_offsets[contract + 1]
    return contract if has_bars else None
