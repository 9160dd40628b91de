"""One session's share of the exact parameter surface.

The nine dimensions factor. Entries depend on window, stretch, reclaim and cooldown; a contract on
the entry, the mode and the depth; and one walk along the bars after an entry gives the first second
at which each take-profit and stop-loss level is reached. Whichever of its levels, its duration and
the day's clock decides first makes an exit, so that a few prices give all of them; what remains is
adding. The rules are those of `session_walk`, whose results the tests compare.
"""

import numpy as np

from strategy.kernels.codes import ABOVE, BELOW, EMERGENCY_EXIT, END_OF_DATA, TIME_EXIT
from strategy.kernels.compiling import kernel
from strategy.kernels.contracts import choose_contract
from strategy.kernels.fills import (
    fill_entry,
    fill_exit,
    last_decision_second,
    net_pnl_usd,
    risk_usd,
)

TRADED, NOT_FILLED, NO_DATA = 1, 0, -1  # what became of an entry in one contract


@kernel
def collect_entries(
    close,  # (n_seconds,), USD
    vwap,  # (n_seconds,), USD
    window_starts,  # (n_windows,), seconds
    window_ends,  # (n_windows,), seconds, included
    stretch_thresholds,  # (n_stretches,), fractions
    reclaim_thresholds,  # (n_stretches, n_reclaims), fractions
    cooldowns,  # (n_cooldowns,), seconds
    late_cutoff_second,
):
    """All entries of all entry sets.

    Returns:
        The signal seconds and sides of the distinct entries, (n_distinct,) each; and for every
        occurrence its entry set, counted as C-ordered (window, stretch, reclaim, cooldown), and
        its distinct entry, (n_occurrences,) each.
    """
    n_seconds = close.shape[0]
    n_windows, n_cooldowns = window_starts.shape[0], cooldowns.shape[0]
    n_stretches, n_reclaims = reclaim_thresholds.shape
    entry_of = np.full((2, n_seconds), -1, np.int32)
    entry_seconds = np.empty(256, np.int64)
    entry_sides = np.empty(256, np.int64)
    sets = np.empty(4096, np.int32)
    entries = np.empty(4096, np.int32)
    n_distinct = 0
    n_occurrences = 0
    next_stretch = np.empty(n_seconds + 1, np.int32)
    next_reclaim = np.empty((n_reclaims, n_seconds + 2), np.int32)
    for stretch in range(n_stretches):
        for side in (BELOW, ABOVE):
            if not _mark_stretches(close, vwap, stretch_thresholds[stretch], side, next_stretch):
                continue
            for reclaim in range(n_reclaims):
                _mark_reclaims(
                    close, vwap, reclaim_thresholds[stretch, reclaim], side, next_reclaim[reclaim]
                )
            for window in range(n_windows):
                last = min(window_ends[window], n_seconds - 1)
                for cooldown in range(n_cooldowns):
                    second = max(window_starts[window], 0)
                    while second <= last:
                        second = next_stretch[second]
                        if second > last:
                            break
                        limit = min(second + cooldowns[cooldown], late_cutoff_second - 1)
                        for reclaim in range(n_reclaims):
                            signal = next_reclaim[reclaim, second + 1]
                            if signal > limit:
                                continue
                            entry = entry_of[side, signal]
                            if entry < 0:
                                entry = n_distinct
                                entry_of[side, signal] = entry
                                if n_distinct == entry_seconds.shape[0]:
                                    entry_seconds = _doubled(entry_seconds)
                                    entry_sides = _doubled(entry_sides)
                                entry_seconds[entry] = signal
                                entry_sides[entry] = side
                                n_distinct += 1
                            if n_occurrences == sets.shape[0]:
                                sets = _doubled(sets)
                                entries = _doubled(entries)
                            sets[n_occurrences] = (
                                (window * n_stretches + stretch) * n_reclaims + reclaim
                            ) * n_cooldowns + cooldown
                            entries[n_occurrences] = entry
                            n_occurrences += 1
                        second += cooldowns[cooldown]
    return (
        entry_seconds[:n_distinct],
        entry_sides[:n_distinct],
        sets[:n_occurrences],
        entries[:n_occurrences],
    )


@kernel
def _doubled(array):
    longer = np.empty(2 * array.shape[0], array.dtype)
    longer[: array.shape[0]] = array
    return longer


@kernel
def _mark_stretches(close, vwap, threshold, side, next_stretch):
    """Write for each second the first stretch at or after it; return whether there is one."""
    n_seconds = close.shape[0]
    upcoming = n_seconds
    next_stretch[n_seconds] = n_seconds
    factor = 1.0 - threshold if side == BELOW else 1.0 + threshold
    for second in range(n_seconds - 1, -1, -1):
        level = vwap[second] * factor
        if (side == BELOW and close[second] < level) or (side == ABOVE and close[second] > level):
            upcoming = second
        next_stretch[second] = upcoming
    return upcoming < n_seconds


@kernel
def _mark_reclaims(close, vwap, threshold, side, next_reclaim):
    """Write for each second the first reclaim at or after it; far beyond the end if none."""
    n_seconds = close.shape[0]
    upcoming = 2_000_000_000
    next_reclaim[n_seconds] = upcoming
    next_reclaim[n_seconds + 1] = upcoming
    factor = 1.0 - threshold if side == BELOW else 1.0 + threshold
    for second in range(n_seconds - 1, -1, -1):
        level = vwap[second] * factor
        if (side == BELOW and close[second] >= level) or (side == ABOVE and close[second] <= level):
            upcoming = second
        next_reclaim[second] = upcoming


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
    last = decisions[-1]
    for bar in range(entry_bar + 1, end_bar):
        second = bar_seconds[bar]
        if second > last or (profit == n_profits and loss == n_levels):
            break
        gain_percent = 100.0 * (bar_prices[bar] - entry_price) / entry_price
        while profit < n_profits and gain_percent >= take_profits[profit]:
            decisions[profit] = second
            profit += 1
        while loss < n_levels and gain_percent <= stop_losses[loss - n_profits]:
            decisions[loss] = second
            loss += 1


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


@kernel
def add_session(
    close,  # (n_seconds,), USD
    vwap,  # (n_seconds,), USD
    call_strikes,  # (n_calls,), USD
    put_strikes,  # (n_puts,), USD
    shares_per_contract,  # (n_contracts,)
    bar_offsets,  # (n_contracts + 1,)
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    window_starts,  # (n_windows,), seconds
    window_ends,  # (n_windows,), seconds
    stretch_thresholds,  # (n_stretches,), fractions
    reclaim_thresholds,  # (n_stretches, n_reclaims), fractions
    cooldowns,  # (n_cooldowns,), seconds
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
    total_trades,  # in and out, (n_sets, n_choices)
    missing_entries,  # in and out, (n_sets, n_choices)
    risk,  # in and out, (n_sets, n_choices, n_stop_losses), USD
    winners,  # in and out, (n_sets, n_choices, n_exits)
    net_pnl,  # in and out, (n_sets, n_choices, n_exits), USD
):
    """Add one session to the sums; a choice is a C-ordered (depth, mode), an exit three levels."""
    seconds, sides, sets, entries = collect_entries(
        close, vwap, window_starts, window_ends, stretch_thresholds, reclaim_thresholds,
        cooldowns, clock[0],
    )  # fmt: skip
    n_distinct = seconds.shape[0]
    n_choices = depths.shape[0] * modes.shape[0]
    exits_shape = (take_profits.shape[0], stop_losses.shape[0], durations.shape[0])
    n_exits = exits_shape[0] * exits_shape[1] * exits_shape[2]
    outcome = np.empty((n_distinct, n_choices), np.int8)
    entry_risk = np.empty((n_distinct, n_choices, stop_losses.shape[0]), np.float64)
    entry_pnl = np.empty((n_distinct, n_choices, n_exits), np.float64)
    decisions = np.empty(exits_shape[0] + exits_shape[1] + exits_shape[2], np.int64)
    decision_pnl = np.empty(decisions.shape[0], np.float64)
    last_second = close.shape[0] - 1
    for entry in range(n_distinct):
        for choice in range(n_choices):
            contract = choose_contract(
                call_strikes, put_strikes, close[seconds[entry]], sides[entry],
                modes[choice % modes.shape[0]], depths[choice // modes.shape[0]],
            )  # fmt: skip
            if contract < 0 or bar_offsets[contract] == bar_offsets[contract + 1]:
                outcome[entry, choice] = NO_DATA
                continue
            first_bar, end_bar = bar_offsets[contract], bar_offsets[contract + 1]
            entry_second, entry_bar = fill_entry(
                bar_seconds, first_bar, end_bar, seconds[entry], fill_rule, latency_seconds,
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
                price = exit_price(
                    bar_seconds, bar_prices, end_bar, entry_bar, entry_second, decisions[row],
                    fill_rule, latency_seconds, clock[2], last_second,
                )  # fmt: skip
                decision_pnl[row] = net_pnl_usd(
                    entry_price, price, shares, contracts, slippage_amount, slippage_fraction,
                    fees_per_contract,
                )  # fmt: skip
            spread_exits(decisions, decision_pnl, entry_pnl[entry, choice].reshape(exits_shape))
            for loss in range(stop_losses.shape[0]):
                entry_risk[entry, choice, loss] = risk_usd(
                    entry_price, shares, contracts, slippage_amount, slippage_fraction,
                    fees_per_contract, stop_losses[loss],
                )  # fmt: skip
    for occurrence in range(sets.shape[0]):
        row, entry = sets[occurrence], entries[occurrence]
        for choice in range(n_choices):
            if outcome[entry, choice] != TRADED:
                missing_entries[row, choice] += outcome[entry, choice] == NO_DATA
                continue
            total_trades[row, choice] += 1
            for loss in range(stop_losses.shape[0]):
                risk[row, choice, loss] += entry_risk[entry, choice, loss]
            _add_exits(entry_pnl[entry, choice], winners[row, choice], net_pnl[row, choice])


@kernel
def _add_exits(pnl, winners, net_pnl):
    for exit_ in range(pnl.shape[0]):
        value = pnl[exit_]
        net_pnl[exit_] += value
        winners[exit_] += value > 0.0
