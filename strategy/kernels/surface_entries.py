"""All entries of one session under every window, stretch, reclaim and cooldown.

A price beyond a threshold is a stretch; one that is not beyond a smaller threshold is a reclaim. Of
all thresholds in order, those that a price is beyond are the first ones; how many they are changes
some thousand times a session. From these changes follow the runs of each threshold, the seconds
from a crossing to the next, and among them the next stretch and the next reclaim are looked up.
"""

import numpy as np

from strategy.kernels.codes import ABOVE, BELOW
from strategy.kernels.compiling import kernel


@kernel
def collect_entries(
    close,  # (n_seconds,), USD, NaN before the first bar
    vwap,  # (n_seconds,), USD, NaN before the first volume
    window_starts,  # (n_windows,), seconds
    window_ends,  # (n_windows,), seconds, included
    stretch_thresholds,  # (n_stretches,), fractions
    reclaim_thresholds,  # (n_stretches, n_reclaims), fractions
    cooldowns,  # (n_cooldowns,), seconds
    late_cutoff_second,
):
    """All entries of all entry sets; a set is a C-ordered (window, stretch, reclaim, cooldown).

    Returns:
        The signal seconds and sides of the distinct entries, (n_distinct,) each; and the distinct
        entries of set `s` in their order, `entries[offsets[s] : offsets[s + 1]]`.
    """
    n_seconds, n_cooldowns = close.shape[0], cooldowns.shape[0]
    n_stretches, n_reclaims = reclaim_thresholds.shape
    n_sets = window_starts.shape[0] * n_stretches * n_reclaims * n_cooldowns
    levels = np.unique(np.concatenate((stretch_thresholds, reclaim_thresholds.reshape(-1))))
    entry_seconds, entry_sides = np.empty(2 * n_seconds, np.int64), np.empty(2 * n_seconds, np.int8)
    sets, entries = np.empty(4096, np.int32), np.empty(4096, np.int32)
    n_distinct, n_occurrences = 0, 0
    known = np.full(n_seconds, -1, np.int32)  # the latest side and stretch with these signals
    signals = np.empty((n_seconds, n_reclaims), np.int32)
    steps = np.empty((_most_steps(window_starts, window_ends, cooldowns, n_seconds), 2), np.int32)
    for side in (BELOW, ABOVE):
        entry_of = np.full(n_seconds, -1, np.int32)
        offsets, starts, ends = find_runs(close, vwap, side, levels)
        for stretch in range(n_stretches):
            level = np.searchsorted(levels, stretch_thresholds[stretch])
            runs = slice(offsets[level], offsets[level + 1])
            reclaims = np.searchsorted(levels, reclaim_thresholds[stretch])
            n_steps = count_stretches(
                starts[runs], ends[runs], window_starts, window_ends, cooldowns, n_seconds, steps
            )
            sets = _with_room(sets, n_occurrences + n_steps * n_reclaims)
            entries = _with_room(entries, n_occurrences + n_steps * n_reclaims)
            for step in range(n_steps):
                group, second = steps[step]
                if known[second] != side * n_stretches + stretch:
                    known[second] = side * n_stretches + stretch
                    _find_reclaims(offsets, starts, ends, reclaims, second + 1, signals[second])
                window, cooldown = group // n_cooldowns, group % n_cooldowns
                limit = min(second + cooldowns[cooldown], late_cutoff_second - 1, n_seconds - 1)
                for reclaim in range(n_reclaims):
                    signal = signals[second, reclaim]
                    if signal > limit:
                        continue
                    if entry_of[signal] < 0:
                        entry_of[signal] = n_distinct
                        entry_seconds[n_distinct] = signal
                        entry_sides[n_distinct] = side
                        n_distinct += 1
                    sets[n_occurrences] = (
                        (window * n_stretches + stretch) * n_reclaims + reclaim
                    ) * n_cooldowns + cooldown
                    entries[n_occurrences] = entry_of[signal]
                    n_occurrences += 1
    set_offsets, entries = group_by(sets[:n_occurrences], entries[:n_occurrences], n_sets)
    return entry_seconds[:n_distinct], entry_sides[:n_distinct], set_offsets, entries


@kernel
def find_runs(
    close,  # (n_seconds,), USD, NaN before the first bar
    vwap,  # (n_seconds,), USD, NaN before the first volume
    side,
    levels,  # (n_levels,), fractions, ascending
):
    """Runs of seconds in which the close is beyond `vwap * (1 -+ level)`.

    Returns:
        Runs of level `l` have the rows `offsets[l] : offsets[l + 1]` of `starts` and `ends`, the
        end not included.
    """
    seconds, ranks = _rank_changes(close, vwap, side, levels)
    n_levels, n_changes = levels.shape[0], seconds.shape[0]
    offsets = np.zeros(n_levels + 1, np.int64)
    before = 0
    for change in range(n_changes):
        for level in range(before, ranks[change]):
            offsets[level + 1] += 1
        before = ranks[change]
    offsets = np.cumsum(offsets)
    starts = np.empty(offsets[n_levels], np.int32)
    ends = np.full(offsets[n_levels], close.shape[0], np.int32)
    row = offsets[:n_levels].copy()
    before = 0
    for change in range(n_changes):
        for level in range(before, ranks[change]):
            starts[row[level]] = seconds[change]
        for level in range(ranks[change], before):
            ends[row[level]] = seconds[change]
            row[level] += 1
        before = ranks[change]
    return offsets, starts, ends


@kernel
def _rank_changes(close, vwap, side, levels):
    """Seconds at which another number of levels is exceeded than before, and the number."""
    n_seconds, n_levels = close.shape[0], levels.shape[0]
    # With both prices' signs changed, above is below: -a < -b says just what a > b does.
    sign = 1.0 if side == BELOW else -1.0
    factors = np.empty(n_levels + 2)  # between two that are never and always below
    factors[0], factors[n_levels + 1] = sign * np.inf, sign * -np.inf
    for level in range(n_levels):
        factors[level + 1] = 1.0 - sign * levels[level]
    seconds, ranks = np.empty(n_seconds, np.int32), np.empty(n_seconds, np.int32)
    first = 0
    while first < n_seconds and np.isnan(close[first] + vwap[first]):
        first += 1
    n_changes, rank = 0, 0
    for second in range(first, n_seconds):
        price, average = sign * close[second], sign * vwap[second]
        if price < average * factors[rank + 1] or price >= average * factors[rank]:
            while price < average * factors[rank + 1]:
                rank += 1
            while price >= average * factors[rank]:
                rank -= 1
            seconds[n_changes] = second
            ranks[n_changes] = rank
            n_changes += 1
    return seconds[:n_changes], ranks[:n_changes]


@kernel
def count_stretches(
    starts,  # (n_runs,), seconds, of the stretch's threshold
    ends,  # (n_runs,), not included
    window_starts,  # (n_windows,), seconds
    window_ends,  # (n_windows,), seconds, included
    cooldowns,  # (n_cooldowns,), seconds
    n_seconds,
    steps,  # out, (n_steps, 2): C-ordered (window, cooldown), and the second of the stretch
):
    """Stretches that count, for each window and cooldown; return how many."""
    n_steps, n_cooldowns = 0, cooldowns.shape[0]
    for window in range(window_starts.shape[0]):
        first = max(window_starts[window], 0)
        last = min(window_ends[window], n_seconds - 1)
        first_run = _run_at(ends, first)
        for cooldown in range(n_cooldowns):
            second, run = first, first_run
            while True:
                while run < ends.shape[0] and ends[run] <= second:
                    run += 1
                if run == ends.shape[0] or max(second, starts[run]) > last:
                    break
                second = max(second, starts[run])
                steps[n_steps, 0] = window * n_cooldowns + cooldown
                steps[n_steps, 1] = second
                n_steps += 1
                second += cooldowns[cooldown]
    return n_steps


@kernel
def _most_steps(window_starts, window_ends, cooldowns, n_seconds):
    """Most stretches that can count: one a cooldown of each window."""
    total = 0
    for window in range(window_starts.shape[0]):
        width = min(window_ends[window], n_seconds - 1) - max(window_starts[window], 0)
        for cooldown in range(cooldowns.shape[0]):
            total += max(width, 0) // cooldowns[cooldown] + 1
    return total


@kernel
def _find_reclaims(offsets, starts, ends, levels, second, signals):
    """Write the first second from `second` on that is not beyond each level, if need be the end."""
    for row in range(levels.shape[0]):
        runs = slice(offsets[levels[row]], offsets[levels[row] + 1])
        run = runs.start + _run_at(ends[runs], second)
        is_beyond = run < runs.stop and starts[run] <= second
        signals[row] = ends[run] if is_beyond else second


@kernel
def _run_at(ends, second):
    """The first run that ends after a second."""
    low, high = 0, ends.shape[0]
    while low < high:
        middle = (low + high) // 2
        if ends[middle] <= second:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def group_by(groups, values, n_groups):
    """Offsets of each group's values, (n_groups + 1,), and the values in the order of groups."""
    offsets = np.zeros(n_groups + 1, np.int64)
    for row in range(groups.shape[0]):
        offsets[groups[row] + 1] += 1
    offsets = np.cumsum(offsets)
    place, grouped = offsets[:n_groups].copy(), np.empty_like(values)
    for row in range(groups.shape[0]):
        grouped[place[groups[row]]] = values[row]
        place[groups[row]] += 1
    return offsets, grouped


@kernel
def _with_room(array, size):
    """Return the array, or a longer copy that holds as many."""
    if size <= array.shape[0]:
        return array
    longer = np.empty(2 * size, array.dtype)
    longer[: array.shape[0]] = array
    return longer
