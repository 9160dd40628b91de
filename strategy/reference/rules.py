"""The rules of the strategy, one function each, on `Day` objects.

Nothing here is tuned for speed. What the rules are is said once more, in compiled form, in
`strategy.kernels`; no line may be shared between the two.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from strategy.market_data.reader import SessionFrames
from strategy.params import StrategyParams
from strategy.reference.day import Contract, Day, Quote
from strategy.reference.summary import Row, summarise


@dataclass(frozen=True, kw_only=True)
class ReferenceResult:
    """What `reference_backtest` found: trades by signal time, metrics and counts by name."""

    trades: list[Row]
    metrics: dict[str, float | int | None]
    counts: dict[str, int]


@dataclass(frozen=True)
class Exit:
    """Where and why a position was sold, seconds since the open."""

    decision_second: int
    second: int
    quote: Quote
    reason: str
    without_print: bool = False  # whether no bar came any more after the decision


@dataclass(frozen=True)
class Signal:
    """A counted stretch and, where there is one, its reclaim; seconds since the open."""

    side: str  # "above" or "below"
    stretch_second: int
    reclaim_second: int | None


def reference_backtest(params: StrategyParams, frames: Iterable[SessionFrames]) -> ReferenceResult:
    """Trade the sessions by the rules, with nothing but lists and arithmetic, one after the other.

    Returns:
        ReferenceResult: `trades` have the columns of `BacktestResult.trades`, `metrics` and
        `counts` the fields of `Metrics` and `Counts`.
    """
    return backtest_days(params, (Day(one) for one in frames))


def backtest_days(params: StrategyParams, days: Iterable[Day]) -> ReferenceResult:
    """`reference_backtest` on days that were read already, for many parameter sets in turn."""
    counts = dict.fromkeys(
        (
            "stretch_signals",
            "valid_entries",
            "late_entries_blocked",
            "missing_contract_data",
            "no_price_at_entry",
            "no_fill",
            "stale_prices",
            "forced_exits",
            "exit_without_print",
        ),
        0,
    )
    by_date = {day.date: trade_day(params, day, counts) for day in days}
    dates = sorted(by_date)
    trades = [row for day in dates for row in by_date[day]]
    return ReferenceResult(trades=trades, metrics=summarise(trades, dates), counts=counts)


def trade_day(params: StrategyParams, day: Day, counts: dict[str, int]) -> list[Row]:
    """Trades of one session by signal time; adds what happened to `counts`."""
    signals = [*find_signals(params, day, "below"), *find_signals(params, day, "above")]
    counts["stretch_signals"] += len(signals)
    trades = []
    for signal in signals:
        if signal.reclaim_second is None:
            continue
        counts["valid_entries"] += 1
        trade = trade_reclaim(params, day, signal, signal.reclaim_second, counts)
        if trade is not None:
            trades.append(trade)
    sides = ("below", "above")
    trades.sort(key=lambda row: (row["signal_time"], sides.index(row["side"]), row["ticker"]))
    return trades


def find_signals(params: StrategyParams, day: Day, side: str) -> Iterator[Signal]:
    """Every counted stretch of one side, in time order, with its reclaim."""
    first = max(day.second_of(params.entry_start_time), 0)
    last = min(day.second_of(params.entry_end_time), day.n_seconds - 1)
    last_counted: int | None = None
    for second in range(first, last + 1):
        cooled_down = (
            last_counted is None or second - last_counted >= params.cooldown_period_seconds
        )
        if cooled_down and is_stretched(params, day, side, second):
            last_counted = second
            yield Signal(side, second, find_reclaim(params, day, side, second))


def is_stretched(params: StrategyParams, day: Day, side: str, second: int) -> bool:
    """Whether the close lies beyond the stretch threshold on this side of VWAP."""
    close, vwap = day.closes[second], day.vwaps[second]
    if math.isnan(close) or math.isnan(vwap):
        return False
    if side == "above":
        return close > vwap * (1 + params.stretch_threshold)
    return close < vwap * (1 - params.stretch_threshold)


def find_reclaim(params: StrategyParams, day: Day, side: str, stretch_second: int) -> int | None:
    """First second after the stretch, within the cooldown, that is back near VWAP."""
    last = min(stretch_second + params.cooldown_period_seconds, day.n_seconds - 1)
    for second in range(stretch_second + 1, last + 1):
        close, vwap = day.closes[second], day.vwaps[second]
        if side == "below" and close >= vwap * (1 - params.reclaim_threshold):
            return second
        if side == "above" and close <= vwap * (1 + params.reclaim_threshold):
            return second
    return None


def trade_reclaim(
    params: StrategyParams, day: Day, signal: Signal, reclaim: int, counts: dict[str, int]
) -> Row | None:
    """Buy after the reclaim by the fill rule, sell by the exit rules; None if it was not traded."""
    if reclaim >= day.early_second_of(params.late_entry_cutoff_time):
        counts["late_entries_blocked"] += 1
        return None
    underlying = day.closes[reclaim]
    contract = choose_contract(params, day, signal.side, underlying)
    if contract is None or not contract.bars:
        counts["missing_contract_data"] += 1
        return None
    entry_second = find_entry(params, day, contract, reclaim)
    if entry_second is None:
        waited = params.fill_rule == "next_bar"
        counts["no_fill" if waited else "no_price_at_entry"] += 1
        return None
    entry = contract.quote_at(entry_second)
    sale = find_exit(params, day, contract, entry_second, entry.price)
    for quote in (entry, sale.quote):
        counts["stale_prices"] += quote.age_seconds > params.price_staleness_threshold_seconds
    counts["forced_exits"] += sale.reason in ("end_of_day", "emergency_exit", "end_of_data")
    counts["exit_without_print"] += sale.without_print
    net_pnl_usd, risk_usd = settle(params, contract.shares, entry.price, sale.quote.price)
    return {
        "signal_time": day.moment(reclaim),
        "entry_time": day.moment(entry_second),
        "ticker": contract.ticker,
        "entry_price": entry.price,
        "exit_time": day.moment(sale.second),
        "exit_price": sale.quote.price,
        "exit_reason": sale.reason,
        "net_pnl_usd": net_pnl_usd,
        "risk_usd": risk_usd,
        "session_date": day.date,
        "side": signal.side,
        "stretch_time": day.moment(signal.stretch_second),
        "underlying_price": underlying,
        "entry_price_age_seconds": entry.age_seconds,
        "exit_price_age_seconds": sale.quote.age_seconds,
        "exit_decision_time": day.moment(sale.decision_second),
        "exit_without_print": sale.without_print,
    }


def choose_contract(
    params: StrategyParams, day: Day, side: str, underlying_usd: float
) -> Contract | None:
    """The call (below) or put (above) by moneyness; None only if the chain has none at all."""
    contracts = day.calls if side == "below" else day.puts
    if not contracts:
        return None
    nearest = min(contracts, key=lambda one: (abs(one.strike_usd - underlying_usd), one.strike_usd))
    if params.option_selection_mode == "atm":
        return nearest
    wants_lower_strike = (params.option_selection_mode == "itm") == (side == "below")
    if wants_lower_strike:
        candidates = [one for one in reversed(contracts) if one.strike_usd < underlying_usd]
    else:
        candidates = [one for one in contracts if one.strike_usd > underlying_usd]
    if not candidates:
        return nearest
    return candidates[min(params.strikes_depth, len(candidates)) - 1]


def find_entry(params: StrategyParams, day: Day, contract: Contract, signal: int) -> int | None:
    """Second at which an order decided at the signal second buys; None if it is not filled."""
    last = day.n_seconds - 1
    after_latency = signal + params.latency_seconds
    if params.fill_rule == "latest_bar":
        fillable = after_latency <= last and contract.has_price_at(after_latency)
        return after_latency if fillable else None
    printed = contract.first_bar_from(next_bar_from(signal, params.latency_seconds))
    if printed is None or printed >= last:
        return None
    return printed if printed <= after_latency + params.max_fill_wait_seconds else None


def next_bar_from(decision_second: int, latency_seconds: int) -> int:
    """First second whose bar may fill an order: after the latency, never the deciding second."""
    return max(decision_second + latency_seconds, decision_second + 1)


def find_exit(
    params: StrategyParams, day: Day, contract: Contract, entry_second: int, entry_usd: float
) -> Exit:
    """Second by second after the entry, the first exit rule that holds and can be filled."""
    last = day.n_seconds - 1
    for second in range(entry_second + 1, last + 1):
        price_usd = contract.quote_at(second).price
        if second >= day.early_second_of(params.emergency_exit_time):
            return fill_exit(params, day, contract, second, "emergency_exit")
        reason = exit_reason(params, day, second, second - entry_second, entry_usd, price_usd)
        in_time = params.fill_rule == "next_bar" or second + params.latency_seconds <= last
        if reason is not None and in_time:
            return fill_exit(params, day, contract, second, reason)
    return Exit(last, last, contract.quote_at(last), "end_of_data")


def fill_exit(
    params: StrategyParams, day: Day, contract: Contract, decision: int, reason: str
) -> Exit:
    """Sell what was decided to be sold, an emergency without latency."""
    latency = 0 if reason == "emergency_exit" else params.latency_seconds
    if params.fill_rule == "latest_bar":
        fill = decision + latency
        return Exit(decision, fill, contract.quote_at(fill), reason)
    printed = contract.first_bar_from(next_bar_from(decision, latency))
    if printed is None:
        last = day.n_seconds - 1
        return Exit(decision, last, contract.quote_at(last), reason, without_print=True)
    return Exit(decision, printed, contract.quote_at(printed), reason)


def exit_reason(
    params: StrategyParams,
    day: Day,
    second: int,
    held_seconds: int,
    entry_usd: float,
    price_usd: float,
) -> str | None:
    """The first of the four ordinary exit rules that holds at this second."""
    gain_percent = 100 * (price_usd - entry_usd) / entry_usd
    if second >= day.early_second_of(params.end_of_day_exit_time):
        return "end_of_day"
    if gain_percent >= params.take_profit_percent:
        return "take_profit"
    if gain_percent <= params.stop_loss_percent:
        return "stop_loss"
    if held_seconds >= params.max_trade_duration_seconds:
        return "time_exit"
    return None


def settle(
    params: StrategyParams, shares: int, entry_usd: float, exit_usd: float
) -> tuple[float, float]:
    """Net profit and loss, and risk, of one trade in USD, slippage and fees included."""
    buy_usd = entry_usd + slippage_usd(params, entry_usd)
    sell_usd = max(exit_usd - slippage_usd(params, exit_usd), 0.0)
    quantity = shares * params.contracts_per_trade
    fee_per_contract = params.brokerage_fee_per_contract + params.exchange_fee_per_contract
    fees_usd = 2 * fee_per_contract * params.contracts_per_trade
    net_pnl_usd = (sell_usd - buy_usd) * quantity - fees_usd
    risk_usd = buy_usd * quantity * abs(params.stop_loss_percent) / 100 + fees_usd
    return net_pnl_usd, risk_usd


def slippage_usd(params: StrategyParams, price_usd: float) -> float:
    """What a side pays beside the price, USD per share."""
    return params.slippage_amount + params.slippage_fraction * price_usd
