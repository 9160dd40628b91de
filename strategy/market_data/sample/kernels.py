"""The recursions of the sample generator that NumPy cannot do at once, compiled.

The plain functions stay importable beside their compiled twins.
"""

import math

import numpy as np
from numba import njit

from strategy.session import FloatArray

_PULL_PER_SECOND = 1.0 / 600.0  # share of the distance to VWAP, at edge 1
_PUSH_PER_SECOND = 1.0e-6  # log return away from VWAP, at edge 1
_GIVEN_BACK_FRACTION = 0.25  # of an excursion's extreme, after which the pull sets in
_LEAST_EXTREME = 0.001  # of the price: smaller excursions are left alone
_MOST_PUSHED = 0.009  # of the price: beyond it the push ends

_PACE_SPREAD = 0.6  # standard deviation of the logarithm of the pace at which variance is spent
_PACE_MEMORY_SECONDS = 1_200.0
_PACE_BOUND = 3.0  # standard deviations
_CALM_BEFORE_CLOSE_SECONDS = 3_600.0  # in which the pace comes to be the expected one
# What moves the pace, as shares of its variance: chance 0.55, falls 0.3, size of the move 0.15.
_PACE_BY_CHANCE, _PACE_BY_FALL, _PACE_BY_SIZE = math.sqrt(0.55), math.sqrt(0.3), math.sqrt(0.15)
_MEAN_SIZE = math.sqrt(2.0 / math.pi)  # of a standard normal; its deviation is below
_SIZE_DEVIATION = math.sqrt(1.0 - 2.0 / math.pi)


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


def spend_variance(
    expected_variance: FloatArray,  # (n_seconds,), of each second's log return, as of the open
    diffusive_return: float,  # from open to close, log
    normals: FloatArray,  # (n_seconds,), N(0, 1), of the moves
    pace_normals: FloatArray,  # (n_seconds,), N(0, 1), of the pace's own
    jumps_at: FloatArray,  # (n_jumps,), falling: share of the day's variance left as each comes
    jump_returns: FloatArray,  # (n_jumps,), log
) -> tuple[FloatArray, FloatArray, FloatArray]:  # each (n_seconds,): variance, diffusion, jumps
    """Spend the day's variance at a pace that chance and the moves themselves quicken.

    The day's variance is known at the open, and each second spends of what is left the share that
    was expected, times a pace: its logarithm is autoregressive, and rises by chance, after falls,
    and after large moves (Nelson 1991, Conditional heteroskedasticity in asset returns). As a
    second's variance is known when it begins, and all is spent at the close, the return still to
    come is normal with the variance left, whatever the pace was (Dambis, Dubins, Schwarz): the
    moves are a Brownian bridge to the day's return, run by variance instead of by time.
    """
    n_seconds = len(expected_variance)
    variance, diffusion = np.zeros(n_seconds), np.zeros(n_seconds)
    jumps = np.zeros(n_seconds)
    expected_left = total = left = expected_variance.sum()
    to_go, log_pace, next_jump = diffusive_return, 0.0, 0
    keep = math.exp(-1.0 / _PACE_MEMORY_SECONDS)
    fresh = math.sqrt(1.0 - keep**2)
    for second in range(n_seconds):
        seconds_left = n_seconds - 1 - second
        spread = _PACE_SPREAD * min(seconds_left / _CALM_BEFORE_CLOSE_SECONDS, 1.0)
        pace = math.exp(spread * log_pace - 0.5 * spread**2)
        share = 1.0
        if seconds_left > 0:
            share = min(pace * expected_variance[second] / expected_left, 1.0)
        spent = share * left
        variance[second] = spent
        if spent > 0.0:
            # Of a bridge with `left` to go, the next `spent` of it.
            move = share * to_go + math.sqrt(spent * (1.0 - share)) * normals[second]
            diffusion[second] = move
            to_go -= move
        left -= spent
        expected_left -= expected_variance[second]
        while next_jump < len(jumps_at) and jumps_at[next_jump] * total >= left:
            jumps[second] += jump_returns[next_jump]
            next_jump += 1
        surprise = 0.0
        if spent > 0.0:
            surprise = (diffusion[second] + jumps[second]) / math.sqrt(spent)
        log_pace = keep * log_pace + fresh * (
            _PACE_BY_CHANCE * pace_normals[second]
            - _PACE_BY_FALL * surprise
            + _PACE_BY_SIZE * (abs(surprise) - _MEAN_SIZE) / _SIZE_DEVIATION
        )
        log_pace = min(max(log_pace, -_PACE_BOUND), _PACE_BOUND)
    return variance, diffusion, jumps


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
spend_variance_compiled = njit(cache=True)(spend_variance)
autoregress_compiled = njit(cache=True)(autoregress)
