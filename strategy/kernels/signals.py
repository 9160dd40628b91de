"""Stretches from VWAP, their cooldown, and their reclaims."""

from numba import njit

from strategy.kernels.codes import ABOVE, BELOW


@njit(cache=True)
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
    n_seconds = close.shape[0]
    above_factor = 1.0 + stretch_threshold
    below_factor = 1.0 - stretch_threshold
    next_below = next_above = first_second
    n_stretches = 0
    n_entries = 0
    second = max(first_second, 0)
    while second <= min(last_second, n_seconds - 1):
        if second >= next_below and close[second] < vwap[second] * below_factor:
            side = BELOW
            next_below = second + cooldown_seconds
        elif second >= next_above and close[second] > vwap[second] * above_factor:
            side = ABOVE
            next_above = second + cooldown_seconds
        else:
            second += 1
            continue
        n_stretches += 1
        signal = find_reclaim(close, vwap, second, side, reclaim_threshold, cooldown_seconds)
        if signal >= 0:
            place = n_entries
            while place > 0 and (
                signal_seconds[place - 1] > signal
                or (signal_seconds[place - 1] == signal and sides[place - 1] > side)
            ):
                stretch_seconds[place] = stretch_seconds[place - 1]
                signal_seconds[place] = signal_seconds[place - 1]
                sides[place] = sides[place - 1]
                place -= 1
            stretch_seconds[place] = second
            signal_seconds[place] = signal
            sides[place] = side
            n_entries += 1
        second += 1
    return n_entries, n_stretches


@njit(cache=True)
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
