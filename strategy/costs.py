"""What trades cost, worked out from their sums alone: fees and slippage, flat and by the price.

With S shares and C contracts, a trade buys at b = (1 + f) p + a and sells at s = (1 - f) q - a,
where p and q are the prices of its bars, a is `slippage_amount` and f `slippage_fraction`. Its net
P&L is (s - b) S C - F, with both sides' fees F, and its risk b S C |stop loss| / 100 + F. The sums
of trades, net P&L and risk therefore give those of b, s, p and q, and with them what the trades
made before costs, (q - p) S C.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strategy.params import STANDARD_SHARES_PER_CONTRACT, StrategyParams
from strategy.session import FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class CostWeights:
    """Costs of any sum of trades: each of its sums times its weight, added up.

    What is sold for less than the slippage pays less than is counted here.
    """

    per_trade_usd: FloatArray  # (n_stop_losses,)
    of_net_pnl_fraction: float
    of_risk_fraction: FloatArray  # (n_stop_losses,)


def cost_weights(
    params: StrategyParams,
    stop_loss_percents: npt.ArrayLike,  # (n_stop_losses,), negative
    shares_per_contract: int = STANDARD_SHARES_PER_CONTRACT,
) -> CostWeights:
    """Weights for trades with these parameters, by stop loss, which their risk depends on."""
    shares = shares_per_contract * params.contracts_per_trade
    slippage_usd = params.slippage_amount * shares
    fees_usd = (
        2.0
        * params.contracts_per_trade
        * (params.brokerage_fee_per_contract + params.exchange_fee_per_contract)
    )
    sold = 1.0 / (1.0 - params.slippage_fraction)  # q of s + a
    bought = 1.0 / (1.0 + params.slippage_fraction)  # p of b - a
    of_risk = (sold - bought) * 100.0 / np.abs(np.asarray(stop_loss_percents, np.float64))
    return CostWeights(
        per_trade_usd=sold * fees_usd + (sold + bought) * slippage_usd - of_risk * fees_usd,
        of_net_pnl_fraction=sold - 1.0,
        of_risk_fraction=of_risk,
    )
