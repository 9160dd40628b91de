"""Where an order is filled, the walk from an entry to the decision to sell, and the money it made.

Two rules of filling: `NEXT_BAR` waits for the contract's first bar after the decision and the
latency; `LATEST_BAR` takes the latest bar by then, however old.
"""

from strategy.kernels.codes import (
    EMERGENCY_EXIT,
    END_OF_DATA,
    END_OF_DAY,
    NEXT_BAR,
    STOP_LOSS,
    TAKE_PROFIT,
    TIME_EXIT,
)
from strategy.kernels.compiling import kernel


@kernel
def latest_bar(
    bar_seconds,  # (n_bars,), ascending within a contract
    first_bar,
    end_bar,  # the contract's rows are first_bar <= row < end_bar
    second,
):
    """Row of the contract's latest bar at or before `second`; `first_bar - 1` if none yet."""
    low, high = first_bar, end_bar
    while low < high:
        middle = (low + high) // 2
        if bar_seconds[middle] <= second:
            low = middle + 1
        else:
            high = middle
    return low - 1


@kernel
def fill_entry(
    bar_seconds,  # (n_bars,)
    first_bar,
    end_bar,  # the contract's rows are first_bar <= row < end_bar
    signal_second,
    fill_rule,
    latency_seconds,
    max_wait_seconds,  # after the latency, next_bar only
    last_second,  # of the session
):
    """Second and bar of an entry; the bar is -1 where the order is not filled."""
    due_second = signal_second + latency_seconds
    if fill_rule == NEXT_BAR:
        earliest = max(due_second, signal_second + 1)
        bar = latest_bar(bar_seconds, first_bar, end_bar, earliest - 1) + 1
        if bar < end_bar:
            second = bar_seconds[bar]
            if second <= due_second + max_wait_seconds and second < last_second:
                return second, bar
        return due_second, -1
    bar = latest_bar(bar_seconds, first_bar, end_bar, due_second)
    if bar < first_bar or due_second > last_second:
        return due_second, -1
    return due_second, bar


@kernel
def fill_exit(
    bar_seconds,  # (n_bars,)
    entry_bar,
    end_bar,  # one past the contract's last row
    decision_second,
    reason,
    fill_rule,
    latency_seconds,
    last_second,  # of the session
):
    """Second and bar of an exit, and whether no bar came any more after the decision."""
    if reason == END_OF_DATA:
        return last_second, latest_bar(bar_seconds, entry_bar, end_bar, last_second), False
    delay_seconds = 0 if reason == EMERGENCY_EXIT else latency_seconds
    if fill_rule == NEXT_BAR:
        earliest = decision_second + max(delay_seconds, 1)
        bar = latest_bar(bar_seconds, entry_bar, end_bar, earliest - 1) + 1
        if bar < end_bar:
            return bar_seconds[bar], bar, False
        return last_second, end_bar - 1, True
    fill_second = decision_second + delay_seconds
    return fill_second, latest_bar(bar_seconds, entry_bar, end_bar, fill_second), False


@kernel
def last_decision_second(fill_rule, latency_seconds, last_second):
    """Last second at which an exit that waits for its latency can still be decided."""
    return last_second if fill_rule == NEXT_BAR else last_second - latency_seconds


@kernel
def walk_to_exit(
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    end_bar,  # one past the contract's last row
    entry_bar,
    entry_second,
    take_profit_percent,
    stop_loss_percent,  # negative
    max_duration_seconds,
    end_of_day_second,
    emergency_second,
    last_decision,  # second, of exits that wait for their latency
    last_second,  # of the session
):
    """Second and reason of the decision to sell, looking at one second after another."""
    entry_price = bar_prices[entry_bar]
    bar = entry_bar
    for second in range(entry_second + 1, last_second + 1):
        while bar + 1 < end_bar and bar_seconds[bar + 1] <= second:
            bar += 1
        if second >= emergency_second:
            return second, EMERGENCY_EXIT
        if second > last_decision:
            continue
        gain_percent = 100.0 * (bar_prices[bar] - entry_price) / entry_price
        if second >= end_of_day_second:
            return second, END_OF_DAY
        if gain_percent >= take_profit_percent:
            return second, TAKE_PROFIT
        if gain_percent <= stop_loss_percent:
            return second, STOP_LOSS
        if second - entry_second >= max_duration_seconds:
            return second, TIME_EXIT
    return last_second, END_OF_DATA


@kernel
def net_pnl_usd(
    entry_price,  # USD per share
    exit_price,  # USD per share
    shares,  # per contract
    contracts,
    slippage_amount,  # USD per share, on each side
    slippage_fraction,  # of the price, on each side
    fees_per_contract,  # USD, broker's and exchange's together, on each side
):
    """Net profit of one trade in US dollars."""
    buy = entry_price + (slippage_amount + slippage_fraction * entry_price)
    sell = max(exit_price - (slippage_amount + slippage_fraction * exit_price), 0.0)
    return (sell - buy) * shares * contracts - 2.0 * fees_per_contract * contracts


@kernel
def risk_usd(
    entry_price,  # USD per share
    shares,  # per contract
    contracts,
    slippage_amount,  # USD per share
    slippage_fraction,  # of the price
    fees_per_contract,  # USD, on each side
    stop_loss_percent,  # negative
):
    """What one trade puts at risk in US dollars: the loss at the stop, and the fees."""
    buy = entry_price + (slippage_amount + slippage_fraction * entry_price)
    at_stop = buy * shares * contracts * abs(stop_loss_percent) / 100.0
    return at_stop + 2.0 * fees_per_contract * contracts
