"""One session's share of the exact parameter surface.

The nine dimensions factor. Entries depend on window, stretch, reclaim and cooldown; a contract on
the entry, the mode and the depth; and one walk along an entry's price path gives the first second
at which each take-profit and stop-loss level is reached, hence every exit at once. What remains is
adding. The rules are those of `session_walk`, whose results the tests compare.
"""

import numpy as np

from strategy.kernels.codes import ABOVE, BELOW
from strategy.kernels.compiling import kernel
from strategy.kernels.contracts import choose_contract
from strategy.kernels.fills import latest_bar, net_pnl_usd, risk_usd

TRADED, NO_PRICE, NO_DATA = 1, 0, -1  # what became of an entry in one contract


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
def tabulate_exits(
    bar_seconds,  # (n_bars,)
    bar_prices,  # (n_bars,), USD
    end_bar,  # one past the contract's last row
    entry_bar,
    entry_second,
    take_profits,  # (n_take_profits,), percent, ascending
    stop_losses,  # (n_stop_losses,), percent, descending
    durations,  # (n_durations,), seconds, ascending
    latency_seconds,
    end_of_day_second,
    emergency_second,
    last_second,
    path,  # work, from the entry to the last second that an exit can be filled in
    profit_seconds,  # work, (n_take_profits,)
    loss_seconds,  # work, (n_stop_losses,)
    exit_prices,  # out, (n_take_profits, n_stop_losses, n_durations), USD
):
    """Exit price of one entry for every pair of levels and every duration."""
    entry_price = bar_prices[entry_bar]
    length = min(durations[-1] + latency_seconds, last_second - entry_second)
    bar = entry_bar
    for step in range(length + 1):
        while bar + 1 < end_bar and bar_seconds[bar + 1] <= entry_second + step:
            bar += 1
        path[step] = bar_prices[bar]
    never = last_second + 1
    profit_seconds[:] = never
    loss_seconds[:] = never
    n_profits = n_losses = 0
    for step in range(1, min(durations[-1], last_second - entry_second) + 1):
        gain_percent = 100.0 * (path[step] - entry_price) / entry_price
        while n_profits < take_profits.shape[0] and gain_percent >= take_profits[n_profits]:
            profit_seconds[n_profits] = entry_second + step
            n_profits += 1
        while n_losses < stop_losses.shape[0] and gain_percent <= stop_losses[n_losses]:
            loss_seconds[n_losses] = entry_second + step
            n_losses += 1
    emergency = max(emergency_second, entry_second + 1)
    end_of_day = max(end_of_day_second, entry_second + 1)
    for profit in range(take_profits.shape[0]):
        for loss in range(stop_losses.shape[0]):
            level_second = min(profit_seconds[profit], loss_seconds[loss], end_of_day)
            for duration in range(durations.shape[0]):
                decision = min(level_second, entry_second + durations[duration])
                if decision < emergency and decision + latency_seconds <= last_second:
                    exit_second = decision + latency_seconds
                else:
                    exit_second = min(emergency, last_second)
                exit_prices[profit, loss, duration] = path[exit_second - entry_second]


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
    slippage,  # USD per share
    latency_seconds,
    fees_per_contract,  # USD, on each side
    total_trades,  # in and out, (n_sets, n_choices)
    missing_entries,  # in and out, (n_sets, n_choices)
    risk,  # in and out, (n_sets, n_choices, n_stop_losses), USD
    winners,  # in and out, (n_sets, n_choices, n_exits)
    net_pnl,  # in and out, (n_sets, n_choices, n_exits), USD
    net_pnl_squared,  # in and out, (n_sets, n_choices, n_exits), USD squared
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
    profit_seconds = np.empty(exits_shape[0], np.int64)
    loss_seconds = np.empty(exits_shape[1], np.int64)
    exit_prices = np.empty(exits_shape, np.float64)
    flat_prices = exit_prices.reshape(n_exits)
    last_second = close.shape[0] - 1
    path = np.empty(min(durations[-1] + latency_seconds, last_second) + 1, np.float64)
    for entry in range(n_distinct):
        entry_second = seconds[entry] + latency_seconds
        for choice in range(n_choices):
            contract = choose_contract(
                call_strikes, put_strikes, close[seconds[entry]], sides[entry],
                modes[choice % modes.shape[0]], depths[choice // modes.shape[0]],
            )  # fmt: skip
            if contract < 0 or bar_offsets[contract] == bar_offsets[contract + 1]:
                outcome[entry, choice] = NO_DATA
                continue
            first_bar, end_bar = bar_offsets[contract], bar_offsets[contract + 1]
            entry_bar = latest_bar(bar_seconds, first_bar, end_bar, entry_second)
            if entry_second > last_second or entry_bar < first_bar:
                outcome[entry, choice] = NO_PRICE
                continue
            outcome[entry, choice] = TRADED
            tabulate_exits(
                bar_seconds, bar_prices, end_bar, entry_bar, entry_second, take_profits,
                stop_losses, durations, latency_seconds, clock[1], clock[2], last_second, path,
                profit_seconds, loss_seconds, exit_prices,
            )  # fmt: skip
            price, shares = bar_prices[entry_bar], shares_per_contract[contract]
            for exit_ in range(n_exits):
                entry_pnl[entry, choice, exit_] = net_pnl_usd(
                    price, flat_prices[exit_], shares, contracts, slippage, fees_per_contract
                )
            for loss in range(stop_losses.shape[0]):
                entry_risk[entry, choice, loss] = risk_usd(
                    price, shares, contracts, slippage, fees_per_contract, stop_losses[loss]
                )
    for occurrence in range(sets.shape[0]):
        row, entry = sets[occurrence], entries[occurrence]
        for choice in range(n_choices):
            if outcome[entry, choice] != TRADED:
                missing_entries[row, choice] += outcome[entry, choice] == NO_DATA
                continue
            total_trades[row, choice] += 1
            for loss in range(stop_losses.shape[0]):
                risk[row, choice, loss] += entry_risk[entry, choice, loss]
            _add_exits(
                entry_pnl[entry, choice],
                winners[row, choice],
                net_pnl[row, choice],
                net_pnl_squared[row, choice],
            )


@kernel
def _add_exits(pnl, winners, net_pnl, net_pnl_squared):
    for exit_ in range(pnl.shape[0]):
        value = pnl[exit_]
        net_pnl[exit_] += value
        net_pnl_squared[exit_] += value * value
        winners[exit_] += value > 0.0
