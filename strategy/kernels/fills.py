"""Option prices at a second, the walk from an entry to its exit, and the money it made."""

from strategy.kernels.codes import (
    EMERGENCY_EXIT,
    END_OF_DATA,
    END_OF_DAY,
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
def walk_to_exit(
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    end_bar,  # one past the contract's last row
    entry_bar,
    entry_second,
    take_profit_percent,
    stop_loss_percent,  # negative
    max_duration_seconds,
    latency_seconds,
    end_of_day_second,
    emergency_second,
    last_second,  # of the session
):
    """Exit second, exit bar and reason of a position, looking at one second after another."""
    entry_price = bar_prices[entry_bar]
    bar = entry_bar
    for second in range(entry_second + 1, last_second + 1):
        while bar + 1 < end_bar and bar_seconds[bar + 1] <= second:
            bar += 1
        if second >= emergency_second:
            return second, bar, EMERGENCY_EXIT
        gain_percent = 100.0 * (bar_prices[bar] - entry_price) / entry_price
        if second >= end_of_day_second:
            reason = END_OF_DAY
        elif gain_percent >= take_profit_percent:
            reason = TAKE_PROFIT
        elif gain_percent <= stop_loss_percent:
            reason = STOP_LOSS
        elif second - entry_second >= max_duration_seconds:
            reason = TIME_EXIT
        else:
            continue
        fill_second = second + latency_seconds
        if fill_second <= last_second:
            while bar + 1 < end_bar and bar_seconds[bar + 1] <= fill_second:
                bar += 1
            return fill_second, bar, reason
    while bar + 1 < end_bar and bar_seconds[bar + 1] <= last_second:
        bar += 1
    return last_second, bar, END_OF_DATA


@kernel
def net_pnl_usd(
    entry_price,  # USD per share
    exit_price,  # USD per share
    shares,  # per contract
    contracts,
    slippage,  # USD per share, on each side
    fees_per_contract,  # USD, broker's and exchange's together, on each side
):
    """Net profit of one trade in US dollars."""
    buy = entry_price + slippage
    sell = max(exit_price - slippage, 0.0)
    return (sell - buy) * shares * contracts - 2.0 * fees_per_contract * contracts


@kernel
def risk_usd(
    entry_price,  # USD per share
    shares,  # per contract
    contracts,
    slippage,  # USD per share
    fees_per_contract,  # USD, on each side
    stop_loss_percent,  # negative
):
    """What one trade puts at risk in US dollars: the loss at the stop, and the fees."""
    at_stop = (entry_price + slippage) * shares * contracts * abs(stop_loss_percent) / 100.0
    return at_stop + 2.0 * fees_per_contract * contracts
