"""What one session's entries bring in every contract and under every exit.

One walk along the bars after an entry gives the first second at which each take-profit and
stop-loss level is reached. Whichever of its levels, its duration and the day's clock decides first
makes an exit, so that a few prices give all of them.
"""

import numpy as np

from strategy.kernels.codes import EMERGENCY_EXIT, END_OF_DATA, TIME_EXIT
from strategy.kernels.compiling import kernel
from strategy.kernels.contracts import choose_contract
from strategy.kernels.fills import (
    fill_entry,
    fill_exit,
    last_decision_second,
    latest_bar,
    net_pnl_usd,
    risk_usd,
)

TRADED, NOT_FILLED, NO_DATA = 1, 0, -1  # what became of an entry in one contract
_SLACK = 1e-9  # of a price, far above what rounding moves a gain by


@kernel
def trade_entries(
    entry_seconds,  # (n_entries,), of the signals
    entry_sides,  # (n_entries,)
    close,  # (n_seconds,), USD
    call_strikes,  # (n_calls,), USD
    put_strikes,  # (n_puts,), USD
    shares_per_contract,  # (n_contracts,)
    bar_offsets,  # (n_contracts + 1,)
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    take_profits,  # (n_take_profits,), percent, ascending
    stop_losses,  # (n_stop_losses,), percent, descending
    durations,  # (n_durations,), seconds, ascending
    depths,  # (n_depths,)
    modes,  # (n_modes,), codes
    clock,  # (3,): late cutoff, end of day, emergency, seconds
    contracts,
    slippage_amount,  # USD per share
    slippage_fraction,  # of the price
    fill_rule,
    latency_seconds,
    max_wait_seconds,  # of an entry, after the latency
    fees_per_contract,  # USD, on each side
):
    """Trade every entry in every choice of contract, a C-ordered (depth, mode).

    Returns:
        What became of it, (n_entries, n_choices); its risk in USD, (..., n_stop_losses); and its
        net P&L in USD, (..., n_exits), an exit being C-ordered over its three levels.
    """
    n_entries, n_choices = entry_seconds.shape[0], depths.shape[0] * modes.shape[0]
    shape = (take_profits.shape[0], stop_losses.shape[0], durations.shape[0])
    outcome = np.empty((n_entries, n_choices), np.int8)
    risk = np.empty((n_entries, n_choices, shape[1]), np.float64)
    net_pnl = np.empty((n_entries, n_choices, shape[0] * shape[1] * shape[2]), np.float64)
    decisions = np.empty(shape[0] + shape[1] + shape[2], np.int64)
    values = np.empty(decisions.shape[0], np.float64)
    last_second = close.shape[0] - 1
    for entry in range(n_entries):
        for choice in range(n_choices):
            contract = choose_contract(
                call_strikes, put_strikes, close[entry_seconds[entry]], entry_sides[entry],
                modes[choice % modes.shape[0]], depths[choice // modes.shape[0]],
            )  # fmt: skip
            if contract < 0 or bar_offsets[contract] == bar_offsets[contract + 1]:
                outcome[entry, choice] = NO_DATA
                continue
            first_bar, end_bar = bar_offsets[contract], bar_offsets[contract + 1]
            entry_second, entry_bar = fill_entry(
                bar_seconds, first_bar, end_bar, entry_seconds[entry], fill_rule, latency_seconds,
                max_wait_seconds, last_second,
            )  # fmt: skip
            if entry_bar < 0:
                outcome[entry, choice] = NOT_FILLED
                continue
            outcome[entry, choice] = TRADED
            decide_exits(
                bar_seconds, bar_prices, end_bar, entry_bar, entry_second, take_profits,
                stop_losses, durations, clock[1], last_second, decisions,
            )  # fmt: skip
            entry_price, shares = bar_prices[entry_bar], shares_per_contract[contract]
            for row in range(decisions.shape[0]):
                if row and decisions[row] == decisions[row - 1]:  # levels that are not reached
                    values[row] = values[row - 1]
                    continue
                price = exit_price(
                    bar_seconds, bar_prices, end_bar, entry_bar, entry_second, decisions[row],
                    fill_rule, latency_seconds, clock[2], last_second,
                )  # fmt: skip
                values[row] = net_pnl_usd(
                    entry_price, price, shares, contracts, slippage_amount, slippage_fraction,
                    fees_per_contract,
                )  # fmt: skip
            spread_exits(decisions, values, net_pnl[entry, choice].reshape(shape))
            for loss in range(stop_losses.shape[0]):
                risk[entry, choice, loss] = risk_usd(
                    entry_price, shares, contracts, slippage_amount, slippage_fraction,
                    fees_per_contract, stop_losses[loss],
                )  # fmt: skip
    return outcome, risk, net_pnl


@kernel
def decide_exits(
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    end_bar,  # one past the contract's last row
    entry_bar,
    entry_second,
    take_profits,  # (n_take_profits,), percent, ascending
    stop_losses,  # (n_stop_losses,), percent, descending
    durations,  # (n_durations,), seconds, ascending
    end_of_day_second,
    last_second,
    decisions,  # out, (n_take_profits + n_stop_losses + n_durations,)
):
    """Second at which each level and each duration, were it alone, would decide to sell.

    The end of the day decides for all of them; beyond the last second stands for never.
    """
    n_profits, n_levels = take_profits.shape[0], take_profits.shape[0] + stop_losses.shape[0]
    end_of_day = max(min(end_of_day_second, last_second + 1), entry_second + 1)
    decisions[:n_levels] = end_of_day
    for duration in range(durations.shape[0]):
        decisions[n_levels + duration] = min(entry_second + durations[duration], end_of_day)
    entry_price = bar_prices[entry_bar]
    profit, loss = 0, n_profits
    last_bar = latest_bar(bar_seconds, entry_bar, end_bar, decisions[-1])
    low, high = _quiet_prices(entry_price, take_profits, stop_losses, profit, loss)
    for bar in range(entry_bar + 1, last_bar + 1):
        price = bar_prices[bar]
        if low < price < high:
            continue
        gain_percent = 100.0 * (price - entry_price) / entry_price
        while profit < n_profits and gain_percent >= take_profits[profit]:
            decisions[profit] = bar_seconds[bar]
            profit += 1
        while loss < n_levels and gain_percent <= stop_losses[loss - n_profits]:
            decisions[loss] = bar_seconds[bar]
            loss += 1
        low, high = _quiet_prices(entry_price, take_profits, stop_losses, profit, loss)


@kernel
def _quiet_prices(entry_price, take_profits, stop_losses, profit, loss):
    """Bounds of the prices that reach none of the levels left, with some room for rounding."""
    low, high, row = -np.inf, np.inf, loss - take_profits.shape[0]
    if profit < take_profits.shape[0]:
        reached = take_profits[profit] / 100.0
        high = entry_price * (1.0 + reached - _SLACK * (1.0 + abs(reached)))
    if row < stop_losses.shape[0]:
        reached = stop_losses[row] / 100.0
        low = entry_price * (1.0 + reached + _SLACK * (1.0 + abs(reached)))
    return low, high


@kernel
def exit_price(
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    end_bar,  # one past the contract's last row
    entry_bar,
    entry_second,
    decision,  # second of the level, the duration or the end of the day, beyond the last for never
    fill_rule,
    latency_seconds,
    emergency_second,
    last_second,
):
    """Price at which a decision sells, USD, unless the emergency or the end of the data comes."""
    emergency = max(emergency_second, entry_second + 1)
    reason = TIME_EXIT  # stands for all that wait for their latency
    last_decision = last_decision_second(fill_rule, latency_seconds, last_second)
    if decision >= emergency or decision > last_decision:
        decision = min(emergency, last_second)
        reason = EMERGENCY_EXIT if emergency <= last_second else END_OF_DATA
    _, bar, _ = fill_exit(
        bar_seconds, entry_bar, end_bar, decision, reason, fill_rule, latency_seconds, last_second
    )
    return bar_prices[bar]


@kernel
def spread_exits(
    decisions,  # (n_take_profits + n_stop_losses + n_durations,), seconds
    values,  # the same, what each of the decisions brings
    table,  # out, (n_take_profits, n_stop_losses, n_durations)
):
    """Write for every pair of levels and every duration what the earliest of the three brings."""
    n_profits, n_losses, n_durations = table.shape
    n_levels = n_profits + n_losses
    for profit in range(n_profits):
        for loss in range(n_losses):
            first = profit if decisions[profit] <= decisions[n_profits + loss] else n_profits + loss
            second, value = decisions[first], values[first]
            for duration in range(n_durations):
                sooner = decisions[n_levels + duration] < second
                table[profit, loss, duration] = values[n_levels + duration] if sooner else value
