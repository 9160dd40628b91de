"""Fair option values under the law that a sample session's price follows without an edge.

Merton (1976), Option pricing when underlying stock returns are discontinuous: given the number of
jumps still to come, the log return to the close is normal, so that the value is a Poisson mixture
of Black-Scholes values. Rates and dividends are zero within the day.
"""

import numpy as np
from scipy.special import ndtr

from strategy.market_data.sample.path import JUMP_VOLATILITY
from strategy.session import FloatArray

_MOST_JUMPS = 3  # still to come; more have a probability under 2 % of which little hangs on
_LEAST_VARIANCE = 1.0e-12  # keeps the last second finite


def call_values(
    spot_usd: FloatArray,
    strike_usd: FloatArray,
    variance_left: FloatArray,
    jumps_left: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Values (USD a share) and deltas of calls that expire at the close; all arrays alike."""
    log_moneyness = np.log(spot_usd / strike_usd)
    weights = _jump_weights(jumps_left)
    values = np.zeros_like(spot_usd)
    deltas = np.zeros_like(spot_usd)
    for jumps, weight in enumerate(weights):
        total_variance = np.maximum(variance_left + jumps * JUMP_VOLATILITY**2, _LEAST_VARIANCE)
        deviation = np.sqrt(total_variance)
        d1 = log_moneyness / deviation + 0.5 * deviation
        in_d1 = ndtr(d1)
        values += weight * (spot_usd * in_d1 - strike_usd * ndtr(d1 - deviation))
        deltas += weight * in_d1
    return np.maximum(values, 0.0), deltas


def _jump_weights(jumps_left: FloatArray) -> list[FloatArray]:
    """Poisson probabilities of 0, 1, … jumps, the last one holding what is left."""
    weights = [np.exp(-jumps_left)]
    for jumps in range(1, _MOST_JUMPS):
        weights.append(weights[-1] * jumps_left / jumps)
    weights.append(np.maximum(1.0 - sum(weights), 0.0))
    return weights
