"""The contract that a signal buys, chosen by the underlying's close at the signal second."""

from strategy.kernels.codes import ATM, BELOW, ITM
from strategy.kernels.compiling import kernel


@kernel
def choose_contract(
    call_strikes,  # (n_calls,), ascending, USD
    put_strikes,  # (n_puts,), ascending, USD
    underlying_price,  # USD, at the signal second
    side,
    mode,
    depth,  # 1 is the nearest strike in or out of the money
):
    """Id of the contract, or -1 where the chain has none of the type."""
    if side == BELOW:
        return choose_strike(call_strikes, underlying_price, mode, depth, mode == ITM)
    strike = choose_strike(put_strikes, underlying_price, mode, depth, mode != ITM)
    return strike if strike < 0 else call_strikes.shape[0] + strike


@kernel
def choose_strike(strikes, underlying_price, mode, depth, below):
    """Row of the strike: the nearest, or the `depth`-th strictly below or above the price.

    Fewer strikes on that side than `depth`: the last one there; none there: the nearest of all.
    """
    n_strikes = strikes.shape[0]
    if n_strikes == 0:
        return -1
    n_below = count_below(strikes, underlying_price)
    if mode == ATM:
        if n_below == 0:
            return 0
        if n_below == n_strikes:
            return n_strikes - 1
        distance_below = underlying_price - strikes[n_below - 1]
        distance_above = strikes[n_below] - underlying_price
        return n_below - 1 if distance_below <= distance_above else n_below
    if below:
        return max(n_below - depth, 0)
    n_not_above = n_below
    while n_not_above < n_strikes and strikes[n_not_above] == underlying_price:
        n_not_above += 1
    return min(n_not_above + depth - 1, n_strikes - 1)


@kernel
def count_below(strikes, price):
    """How many of the ascending strikes lie strictly below the price."""
    low, high = 0, strikes.shape[0]
    while low < high:
        middle = (low + high) // 2
        if strikes[middle] < price:
            low = middle + 1
        else:
            high = middle
    return low
