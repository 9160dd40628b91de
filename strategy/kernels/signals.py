"""Stretches from VWAP, their cooldown, and their reclaims."""

from strategy.kernels.codes import ABOVE, BELOW
from strategy.kernels.compiling import kernel

BLOCK = 64  # seconds passed over at once while nothing is stretched


@kernel
def find_signals(
    close,  # (n_seconds,), USD
    vwap,  # (n_seconds,), running, USD
    first_second,
    last_second,  # both included: the entry window
    stretch_threshold,  # fraction of VWAP
    reclaim_threshold,  # fraction of VWAP
    cooldown_seconds,
    stretch_seconds,  # out, (capacity,)
    signal_seconds,  # out, (capacity,)
    sides,  # out, (capacity,)
):
    """Write the entries in order of their signal; return how many, and how many stretches counted.

    A capacity of twice the window divided by the cooldown, plus two, is enough.
    """
    above_factor = 1.0 + stretch_threshold
    below_factor = 1.0 - stretch_threshold
    next_below = next_above = first_second
    n_stretches = 0
    n_entries = 0
    start = max(first_second, 0)
    end = min(last_second + 1, close.shape[0])
    while start < end:
        stop = min(start + BLOCK, end)
        if any_stretch(close[start:stop], vwap[start:stop], below_factor, above_factor):
            for second in range(max(start, min(next_below, next_above)), stop):
                if second >= next_below and close[second] < vwap[second] * below_factor:
                    side = BELOW
                    next_below = second + cooldown_seconds
                elif second >= next_above and close[second] > vwap[second] * above_factor:
                    side = ABOVE
                    next_above = second + cooldown_seconds
                else:
                    continue
                n_stretches += 1
                signal = find_reclaim(
                    close, vwap, second, side, reclaim_threshold, cooldown_seconds
                )
                if signal >= 0:
                    insert_entry(
                        second, signal, side, n_entries, stretch_seconds, signal_seconds, sides
                    )
                    n_entries += 1
        start = stop
    return n_entries, n_stretches


@kernel
def insert_entry(
    stretch_second,
    signal_second,
    side,
    n_entries,  # so far
    stretch_seconds,  # in and out, (capacity,)
    signal_seconds,  # in and out, (capacity,), ascending
    sides,  # in and out, (capacity,)
):
    """Put one entry in its place by signal second, then side."""
    place = n_entries
    while place > 0 and (
        signal_seconds[place - 1] > signal_second
        or (signal_seconds[place - 1] == signal_second and sides[place - 1] > side)
    ):
        stretch_seconds[place] = stretch_seconds[place - 1]
        signal_seconds[place] = signal_seconds[place - 1]
        sides[place] = sides[place - 1]
        place -= 1
    stretch_seconds[place] = stretch_second
    signal_seconds[place] = signal_second
    sides[place] = side


@kernel
def any_stretch(close, vwap, below_factor, above_factor):
    """Whether one of the seconds is stretched; without branches, so that it runs in lanes."""
    found = 0
    for second in range(close.shape[0]):
        level = vwap[second]
        found |= (close[second] < level * below_factor) | (close[second] > level * above_factor)
    return found > 0


@kernel
def find_reclaim(
    close,  # (n_seconds,), USD
    vwap,  # (n_seconds,), USD
    stretch_second,
    side,
    reclaim_threshold,  # fraction of VWAP
    cooldown_seconds,
):
    """First second after the stretch, within the cooldown, at which price is back; -1 if none."""
    last = min(stretch_second + cooldown_seconds, close.shape[0] - 1)
    if side == BELOW:
        factor = 1.0 - reclaim_threshold
        for second in range(stretch_second + 1, last + 1):
            if close[second] >= vwap[second] * factor:
                return second
    else:
        factor = 1.0 + reclaim_threshold
        for second in range(stretch_second + 1, last + 1):
            if close[second] <= vwap[second] * factor:
                return second
    return -1
