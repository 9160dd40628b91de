"""One session's share of the exact parameter surface.

The nine dimensions factor. Entries depend on window, stretch, reclaim and cooldown; a contract on
the entry, the mode and the depth; an exit on the contract's bars after the entry. So each entry is
traded once in each contract, under all exits, and what remains is adding: of each entry set, its
entries. The rules are those of `session_walk`, whose results the tests compare.
"""

import numpy as np

from strategy.kernels.compiling import kernel
from strategy.kernels.surface_exits import NO_DATA, TRADED


@kernel
def add_entries(
    set_starts,  # (n_sets,), first row of each set's entries
    set_ends,  # (n_sets,), one past its last
    entries,  # (n_occurrences,), rows of what follows
    outcome,  # (n_entries, n_choices)
    entry_risk,  # (n_entries, n_choices, n_stop_losses), USD
    entry_pnl,  # (n_entries, n_choices, n_exits), USD
    total_trades,  # in and out, (n_sets, n_choices)
    missing_entries,  # in and out, (n_sets, n_choices)
    risk,  # in and out, (n_sets, n_choices, n_stop_losses), USD
    winners,  # in and out, (n_sets, n_choices, n_exits)
    net_pnl,  # in and out, (n_sets, n_choices, n_exits), USD
):
    """Add to each set its entries, one after the other, so that the sums' bits have one order."""
    traded = np.empty(entries.shape[0], np.int64)  # of one set, in one choice
    for row in range(set_starts.shape[0]):
        for choice in range(outcome.shape[1]):
            n_traded = 0
            for entry in entries[set_starts[row] : set_ends[row]]:
                if outcome[entry, choice] != TRADED:
                    missing_entries[row, choice] += outcome[entry, choice] == NO_DATA
                    continue
                traded[n_traded] = entry
                n_traded += 1
                for loss in range(risk.shape[2]):
                    risk[row, choice, loss] += entry_risk[entry, choice, loss]
            total_trades[row, choice] += n_traded
            won, pnl = winners[row, choice], net_pnl[row, choice]
            n_fours = n_traded // 4 * 4
            for place in range(0, n_fours, 4):
                _add_four(
                    entry_pnl[traded[place], choice], entry_pnl[traded[place + 1], choice],
                    entry_pnl[traded[place + 2], choice], entry_pnl[traded[place + 3], choice],
                    won, pnl,
                )  # fmt: skip
            for place in range(n_fours, n_traded):
                _add_one(entry_pnl[traded[place], choice], won, pnl)


@kernel
def _add_four(first, second, third, fourth, winners, net_pnl):  # (n_exits,) each
    """Add four entries under every exit, so that a sum stays in its register."""
    for exit_ in range(net_pnl.shape[0]):
        a, b, c, d = first[exit_], second[exit_], third[exit_], fourth[exit_]
        net_pnl[exit_] = (((net_pnl[exit_] + a) + b) + c) + d
        winners[exit_] += int(a > 0.0) + int(b > 0.0) + int(c > 0.0) + int(d > 0.0)


@kernel
def _add_one(entry, winners, net_pnl):  # (n_exits,) each
    for exit_ in range(net_pnl.shape[0]):
        net_pnl[exit_] += entry[exit_]
        winners[exit_] += entry[exit_] > 0.0
