"""Costs from sums alone, against trades worked out by hand and traded by the engine."""

from datetime import date

import numpy as np
import pytest

from strategy.backtest import run_backtest
from strategy.costs import cost_weights
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams


def costs_usd(params: StrategyParams, trades: int, net_pnl_usd: float, risk_usd: float) -> float:
    weights = cost_weights(params, [params.stop_loss_percent])
    fixed = weights.per_trade_usd[0] * trades + weights.of_net_pnl_fraction * net_pnl_usd
    return float(fixed + weights.of_risk_fraction[0] * risk_usd)


def test_flat_costs_are_slippage_and_fees_on_both_sides() -> None:
    # 2 sides x (100 shares x 0.02 + 0.65 + 0.65), whatever the trades made
    weights = cost_weights(StrategyParams(), [-25, -50])
    assert weights.per_trade_usd == pytest.approx([6.6, 6.6])
    assert weights.of_net_pnl_fraction == 0
    assert not weights.of_risk_fraction.any()
    dear = StrategyParams(contracts_per_trade=3, slippage_amount=0.1, brokerage_fee_per_contract=0)
    assert cost_weights(dear, [-50], 10).per_trade_usd == pytest.approx(3 * 2 * (1 + 0.65))


@pytest.mark.parametrize(("stop_loss_percent", "risk_usd"), [(-50, 512.2), (-100, 1019.2)])
def test_costs_by_the_price_of_a_trade_worked_out_by_hand(
    stop_loss_percent: float, risk_usd: float
) -> None:
    # Two contracts: 5.00 is bought at 5.05 + 0.02, 6.00 is sold at 5.94 - 0.02; fees are 5.20. The
    # net P&L is 0.85 x 200 - 5.2, the risk the buy's share and the fees; before costs 200.
    params = StrategyParams(
        contracts_per_trade=2, slippage_fraction=0.01, stop_loss_percent=stop_loss_percent
    )
    assert costs_usd(params, 1, 164.8, risk_usd) == pytest.approx(200 - 164.8)


def test_sums_of_a_backtest_give_what_its_trades_made_before_costs() -> None:
    params = StrategyParams(
        stretch_threshold=0.002,
        reclaim_threshold=0.0012,
        slippage_fraction=0.03,
        stop_loss_percent=-35,
    )
    sessions = [sample_session(date(2023, 1, day), SampleSettings()) for day in (3, 4, 5)]
    result = run_backtest(params, sessions)
    trades = result.trades
    assert len(trades) > 10
    assert (trades["exit_price"] * 0.97 > 0.02).all()  # none is sold for less than the slippage
    gross = 100 * float((trades["exit_price"] - trades["entry_price"]).sum())
    net, risk = (float(trades[name].sum()) for name in ("net_pnl_usd", "risk_usd"))
    assert net + costs_usd(params, len(trades), net, risk) == pytest.approx(gross)
    flat = costs_usd(params.replacing(slippage_fraction=0.0), len(trades), net, risk)
    assert np.isclose(flat, 6.6 * len(trades))
    assert net + flat < gross - 1
