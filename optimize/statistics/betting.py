"""Evidence by betting: what became of an account that staked on every session that traded.

A session's return is its net P&L over what was at stake, premium and fees, which is all that bought
options can lose; so it is never below -1. The account stakes a fixed share of its money on each.
If sessions earn nothing on average, whatever came before them, it is a fair game or a losing one,
and the chance that the account *ever* stands at 40 times its start is at most 1/40 (Ville 1939).
So one over the account is a p-value that may be looked at every day, whatever the tails of the
returns and however their spread changes (Waudby-Smith and Ramdas 2024). Nothing is assumed but that
no session's mean return is above zero given what was before it.

The account is the mean of one a share of `STAKES`. One that bets on losses must survive the largest
gain, and so needs a bound of it beforehand: twice the stake, or twice the take profit where that is
more, which a price would have to leap across. It stakes so much less, and counts what leaps further
as that.
"""

import numpy as np

from strategy.session import FloatArray

STAKES = (0.25, 0.5, 0.75, 0.95)  # of the money; all of it would not survive a total loss
_LEAST_BOUND = 2.0  # of the stake, on gains
_MOST_LOGARITHM = 600.0  # a larger account is infinite for all purposes, but is no float


def returns_at_stake(
    net_pnl_usd: FloatArray,  # (n_sessions,)
    risk_usd: FloatArray,  # (n_sessions,), premium times the stop loss as a fraction, and fees
    stop_loss_percent: float,
) -> FloatArray:
    """Net P&L over premium and fees, (n_sessions,); zero without a trade."""
    at_stake = risk_usd * 100.0 / abs(stop_loss_percent)  # fees count a little more than once
    traded = risk_usd > 0
    returns = np.zeros_like(net_pnl_usd)
    returns[traded] = np.maximum(net_pnl_usd[traded] / at_stake[traded], -1.0)
    return returns


def account(returns: FloatArray) -> float:
    """What one dollar became that was bet on gains, in USD."""
    return _mean_account(np.asarray(returns, np.float64), np.array(STAKES))


def gain_p_value(returns: FloatArray) -> float:
    """One-sided, of the hypothesis that no session earns; one without a session."""
    return min(1.0, 1.0 / account(returns))


def most_gained(take_profit_percent: float) -> float:
    """The largest return at stake of a session that an account against it reckons with."""
    return max(_LEAST_BOUND, 2.0 * take_profit_percent / 100.0)


def loss_p_value(
    returns: FloatArray,  # (n_sessions,)
    bounds: FloatArray | float,  # (n_sessions,) or one for all, of `most_gained`
) -> float:
    """One-sided, of the hypothesis that no session loses; one without a session."""
    lost = -np.minimum(np.asarray(returns, np.float64) / bounds, 1.0)
    return min(1.0, 1.0 / _mean_account(lost, np.array(STAKES)))


def _mean_account(returns: FloatArray, stakes: FloatArray) -> float:
    logarithms = np.log1p(stakes[:, None] * returns[None, :]).sum(axis=1)
    return float(np.exp(np.minimum(logarithms, _MOST_LOGARITHM)).mean())
