"""Bootstrap confidence intervals over days.

Whole sessions are drawn with replacement (Efron 1979, percentile intervals), as independent: a
position never outlives its day. With few sessions such intervals are somewhat too narrow, since
what did not happen in the sample is drawn in no resample.
"""

from dataclasses import dataclass

import numpy as np

from optimize.statistics.block_sums import FloatArray
from optimize.statistics.session_sums import SessionSums

N_RESAMPLES = 5_000
CONFIDENCE_FRACTION = 0.90  # five in a hundred lie beyond each end
MIN_SESSIONS = 3  # with trades; below, an interval would only repeat the values


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval, both ends in the unit of the metric."""

    low: float
    high: float
    confidence_fraction: float


def bootstrap_intervals(
    sums: SessionSums,
    *,
    confidence_fraction: float = CONFIDENCE_FRACTION,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of the metrics that are sums over sessions, by metric name.

    Empty below three sessions with trades: the ratios of fewer days hardly vary when days are
    drawn again. A resample without a trade has no ratios and is left out of them.
    """
    n_sessions = len(sums)
    if (sums.trades > 0).sum() < MIN_SESSIONS:
        return {}
    drawn = np.random.default_rng(seed).integers(0, n_sessions, (n_resamples, n_sessions))
    trades, net_pnl, risk = (
        values[drawn].sum(axis=1) for values in (sums.trades, sums.net_pnl_usd, sums.risk_usd)
    )
    winners = sums.winners[drawn].sum(axis=1)
    values = {
        "return_on_risk_percent": _ratio(100 * net_pnl, risk),
        "expectancy_usd": _ratio(net_pnl, trades),
        "win_rate_percent": _ratio(100 * winners, trades),
        "net_pnl_usd": net_pnl,
        "total_trades": trades,
    }
    tail = (1 - confidence_fraction) / 2
    ends = {name: np.quantile(sample, [tail, 1 - tail]) for name, sample in values.items()}
    return {
        name: Interval(low=float(low), high=float(high), confidence_fraction=confidence_fraction)
        for name, (low, high) in ends.items()
    }


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    defined = denominator > 0
    ratio: FloatArray = numerator[defined] / denominator[defined]
    return ratio
