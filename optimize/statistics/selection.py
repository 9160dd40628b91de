"""The selection statistics of one range that inform, together, as they are published."""

from dataclasses import dataclass

import numpy.typing as npt

from optimize.statistics.block_sums import TrialBlocks
from optimize.statistics.deflated_sharpe import DeflatedSharpe, deflated_sharpe, trial_spread
from optimize.statistics.overfitting import Overfitting, probability_of_overfitting

ROUGH_BELOW_SESSIONS = 60  # three months; the spread between data sets is then still 0.1


@dataclass(frozen=True, kw_only=True)
class SelectionStatistics:
    """How far the best of all combinations is the best of nothing but luck."""

    overfitting: Overfitting
    deflated_sharpe: DeflatedSharpe

    @property
    def caveat(self) -> str:
        """One sentence on how rough the numbers are."""
        pbo = self.overfitting
        if pbo.probability_fraction is None:
            return "Too few trials or sessions for selection statistics."
        text = f"From {pbo.n_sessions} sessions in {pbo.n_blocks} blocks"
        if pbo.standard_error_fraction is not None:
            text += (
                f": the overfitting probability {pbo.probability_fraction:.0%} "
                f"has a standard error of {pbo.standard_error_fraction:.0%}"
            )
        rough = pbo.n_sessions < ROUGH_BELOW_SESSIONS
        return f"{text}; {'rough numbers' if rough else 'estimates'}, not a verdict by themselves."


def selection_statistics(
    trials: TrialBlocks,
    chosen_daily_pnl_usd: npt.ArrayLike,  # (n_sessions,), of the chosen parameters
    *,
    seed: int = 0,
    workers: int = 1,
) -> SelectionStatistics:
    """Compute both from the surface's blocks and the chosen parameters' P&L by session."""
    return SelectionStatistics(
        overfitting=probability_of_overfitting(trials, seed=seed, workers=workers),
        deflated_sharpe=deflated_sharpe(chosen_daily_pnl_usd, trial_spread(trials, seed=seed)),
    )
