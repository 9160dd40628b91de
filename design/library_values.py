"""Values that published libraries give for small matrices, for the tests of the statistics.

    pip install phacker==0.1.0 purgedcv==0.1.11
    python design/library_values.py tests/optimize/statistics/library_values.json

Neither library is needed to run or to test this project; the file they made is kept.
"""

import json
import sys
from pathlib import Path

import numpy as np
from phacker.cscv import cscv_reference
from purgedcv import deflated_sharpe_ratio, probability_of_backtest_overfitting
from purgedcv._metrics import deflated_sharpe_ratio_full


def overfitting_case(n_trials: int, n_blocks: int, seed: int) -> dict[str, object]:
    """Return on risk of random trials on two sessions a block, by both libraries."""
    generator = np.random.default_rng(seed)
    pnl = np.round(generator.normal(2.0, 30.0, (2 * n_blocks, n_trials)), 2)
    risk = np.round(generator.uniform(50.0, 150.0, (2 * n_blocks, n_trials)), 2)

    index = np.arange(pnl.size).reshape(pnl.shape)  # the library slices one matrix, we need two

    def return_on_risk(rows: np.ndarray) -> np.ndarray:
        chosen = rows.astype(int)
        return pnl.ravel()[chosen].sum(axis=0) / risk.ravel()[chosen].sum(axis=0)

    probability, logits = cscv_reference(index, n_blocks, return_on_risk)
    by_mean = probability_of_backtest_overfitting(pnl.T, n_blocks, metric=np.mean)
    return {
        "n_blocks": n_blocks,
        "net_pnl_usd": pnl.tolist(),  # (n_sessions, n_trials)
        "risk_usd": risk.tolist(),
        "phacker": {"probability": float(probability), "logits": sorted(logits.tolist())},
        "purgedcv_mean": {"probability": by_mean.pbo, "logits": sorted(by_mean.logits.tolist())},
    }


def deflated_case(n_sessions: int, n_trials: int, variance: float, seed: int) -> dict[str, object]:
    """A deflated Sharpe ratio with the moments that it rests on."""
    returns = np.random.default_rng(seed).standard_t(5, n_sessions) + 0.3
    full = deflated_sharpe_ratio_full(returns, n_trials, variance)
    return {
        "n_sessions": n_sessions,
        "n_trials": n_trials,
        "variance": variance,
        "sharpe": full.observed_sr,
        "skewness": full.skew,
        "kurtosis": full.kurt,
        "benchmark": full.sr_star,
        "probability": float(deflated_sharpe_ratio(returns, n_trials, variance)),
    }


def main() -> None:
    values = {
        "overfitting": [overfitting_case(7, 6, 1), overfitting_case(12, 8, 2)],
        "deflated": [deflated_case(40, 10, 0.02, 1), deflated_case(21, 250, 0.05, 2)],
    }
    Path(sys.argv[1]).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
