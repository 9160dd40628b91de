"""One session's share of the exact parameter surface.

The nine dimensions factor. Entries depend on window, stretch, reclaim and cooldown; a contract on
the entry, the mode and the depth; an exit on the contract's bars after the entry. So each entry is
traded once in each contract, under all exits, and what remains is adding: of each entry set, its
entries. The rules are those of `session_walk`, whose results the tests compare.
"""

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
    for row in range(set_starts.shape[0]):
        for choice in range(outcome.shape[1]):
            for place in range(set_starts[row], set_ends[row]):
                entry = entries[place]
                if outcome[entry, choice] != TRADED:
                    missing_entries[row, choice] += outcome[entry, choice] == NO_DATA
                    continue
                total_trades[row, choice] += 1
                for loss in range(risk.shape[2]):
                    risk[row, choice, loss] += entry_risk[entry, choice, loss]
                _add_exits(entry_pnl[entry, choice], winners[row, choice], net_pnl[row, choice])


@kernel
def _add_exits(pnl, winners, net_pnl):
    for exit_ in range(pnl.shape[0]):
        value = pnl[exit_]
        net_pnl[exit_] += value
        winners[exit_] += value > 0.0
