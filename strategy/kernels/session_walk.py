"""One parameter set traded through one session: signals, contracts, entries, exits."""

import numpy as np

from strategy.kernels import codes
from strategy.kernels.compiling import kernel
from strategy.kernels.contracts import choose_contract
from strategy.kernels.fills import (
    fill_entry,
    fill_exit,
    last_decision_second,
    net_pnl_usd,
    risk_usd,
    walk_to_exit,
)
from strategy.kernels.signals import find_signals


@kernel
def trade_session(
    close,  # (n_seconds,), USD
    vwap,  # (n_seconds,), USD
    call_strikes,  # (n_calls,), USD
    put_strikes,  # (n_puts,), USD
    shares_per_contract,  # (n_contracts,)
    bar_offsets,  # (n_contracts + 1,)
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    clock,  # (5,): entry start, entry end, late cutoff, end of day, emergency, seconds
    stretch_threshold,  # fraction
    reclaim_threshold,  # fraction
    cooldown_seconds,
    take_profit_percent,
    stop_loss_percent,
    max_duration_seconds,
    depth,
    mode,
    contracts,
    slippage_amount,  # USD per share
    slippage_fraction,  # of the price
    fill_rule,
    latency_seconds,
    max_wait_seconds,  # of an entry, after the latency
    fees_per_contract,  # USD, on each side
    staleness_seconds,
    counts,  # in and out, (N_COUNTS,), added to
):
    """Trades as rows: integers (n_trades, N_TRADE_COLUMNS), net P&L and risk (n_trades, 2)."""
    window_seconds = max(min(clock[1], close.shape[0] - 1) - max(clock[0], 0), 0)
    capacity = 2 * (window_seconds // cooldown_seconds) + 2
    stretch_seconds = np.empty(capacity, np.int64)
    signal_seconds = np.empty(capacity, np.int64)
    sides = np.empty(capacity, np.int64)
    n_entries, n_stretches = find_signals(
        close, vwap, clock[0], clock[1], stretch_threshold, reclaim_threshold, cooldown_seconds,
        stretch_seconds, signal_seconds, sides,
    )  # fmt: skip
    counts[codes.STRETCH_SIGNALS] += n_stretches
    counts[codes.VALID_ENTRIES] += n_entries
    rows = np.empty((n_entries, codes.N_TRADE_COLUMNS), np.int64)
    money = np.empty((n_entries, 2), np.float64)
    n_trades = 0
    last_second = close.shape[0] - 1
    last_decision = last_decision_second(fill_rule, latency_seconds, last_second)
    unfilled = codes.NO_FILL if fill_rule == codes.NEXT_BAR else codes.NO_PRICE_AT_ENTRY
    for entry in range(n_entries):
        signal = signal_seconds[entry]
        if signal >= clock[2]:
            counts[codes.LATE_ENTRIES_BLOCKED] += 1
            continue
        contract = choose_contract(
            call_strikes, put_strikes, close[signal], sides[entry], mode, depth
        )
        if contract < 0 or bar_offsets[contract] == bar_offsets[contract + 1]:
            counts[codes.MISSING_CONTRACT_DATA] += 1
            continue
        first_bar, end_bar = bar_offsets[contract], bar_offsets[contract + 1]
        entry_second, entry_bar = fill_entry(
            bar_seconds, first_bar, end_bar, signal, fill_rule, latency_seconds, max_wait_seconds,
            last_second,
        )  # fmt: skip
        if entry_bar < 0:
            counts[unfilled] += 1
            continue
        decision, reason = walk_to_exit(
            bar_seconds, bar_prices, end_bar, entry_bar, entry_second, take_profit_percent,
            stop_loss_percent, max_duration_seconds, clock[3], clock[4], last_decision, last_second,
        )  # fmt: skip
        exit_second, exit_bar, without_print = fill_exit(
            bar_seconds, entry_bar, end_bar, decision, reason, fill_rule, latency_seconds,
            last_second,
        )  # fmt: skip
        counts[codes.STALE_PRICES] += entry_second - bar_seconds[entry_bar] > staleness_seconds
        counts[codes.STALE_PRICES] += exit_second - bar_seconds[exit_bar] > staleness_seconds
        counts[codes.FORCED_EXITS] += reason >= codes.END_OF_DAY
        counts[codes.EXIT_WITHOUT_PRINT] += without_print
        rows[n_trades] = (
            stretch_seconds[entry], signal, sides[entry], contract, entry_second, entry_bar,
            decision, exit_second, exit_bar, reason, int(without_print),
        )  # fmt: skip
        shares = shares_per_contract[contract]
        money[n_trades, 0] = net_pnl_usd(
            bar_prices[entry_bar], bar_prices[exit_bar], shares, contracts, slippage_amount,
            slippage_fraction, fees_per_contract,
        )  # fmt: skip
        money[n_trades, 1] = risk_usd(
            bar_prices[entry_bar], shares, contracts, slippage_amount, slippage_fraction,
            fees_per_contract, stop_loss_percent,
        )  # fmt: skip
        n_trades += 1
    return rows[:n_trades], money[:n_trades]
