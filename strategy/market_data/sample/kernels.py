"""The two recursions of the sample generator that NumPy cannot do at once, compiled.

The plain functions stay importable beside their compiled twins.
"""

import numpy as np
from numba import njit

from strategy.session import FloatArray

_PULL_PER_SECOND = 1.0 / 600.0  # share of the distance to VWAP, at edge 1
_PUSH_PER_SECOND = 1.0e-6  # log return away from VWAP, at edge 1
_GIVEN_BACK_FRACTION = 0.25  # of an excursion's extreme, after which the pull sets in
_LEAST_EXTREME = 0.001  # of the price: smaller excursions are left alone
_MOST_PUSHED = 0.009  # of the price: beyond it the push ends


def walk_price(
    moves: FloatArray,  # (n_seconds,), log returns without the edge
    volume: FloatArray,  # (n_seconds,), shares
    edge: float,  # strength of the planted drift, 0 for none
) -> FloatArray:  # (n_seconds,), log of the price over the opening price
    """Add the planted drift to the moves, as the excursions from the running VWAP call for it."""
    log_prices = np.empty(len(moves))
    log_price = log_vwap = total_volume = 0.0
    side, extreme, pulled = 0.0, 0.0, False
    for second in range(len(moves)):
        distance = log_price - log_vwap
        if distance * side <= 0.0:
            side, extreme, pulled = np.sign(distance), 0.0, False
        if abs(distance) > extreme:
            extreme, pulled = abs(distance), False
        drift = 0.0
        if extreme >= _LEAST_EXTREME:
            pulled = pulled or abs(distance) < (1.0 - _GIVEN_BACK_FRACTION) * extreme
            if pulled:
                drift = -_PULL_PER_SECOND * distance
            elif abs(distance) < _MOST_PUSHED:
                drift = _PUSH_PER_SECOND * side
        before = log_price
        log_price += moves[second] + edge * drift
        log_prices[second] = log_price
        total_volume += volume[second]
        if total_volume > 0.0:
            middle = 0.5 * (before + log_price)
            log_vwap += (middle - log_vwap) * volume[second] / total_volume
    return log_prices


def autoregress(
    shocks: FloatArray,  # (n,)
    memory: float,  # weight of the value before, 0 to 1
) -> FloatArray:  # (n,)
    """Sum each shock and the remembered share of the value before it."""
    values = np.empty(len(shocks))
    value = 0.0
    for i in range(len(shocks)):
        value = memory * value + shocks[i]
        values[i] = value
    return values


walk_price_compiled = njit(cache=True)(walk_price)
autoregress_compiled = njit(cache=True)(autoregress)
