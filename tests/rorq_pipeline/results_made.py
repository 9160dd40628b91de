"""Published parameters from nothing but their fields, for tests that need some."""

from typing import Any

from rorq_pipeline.results.models import BestParams, Identity
from strategy.metrics import Counts, Metrics
from strategy.params import StrategyParams
from strategy.proofs.profit_shares import ProfitShares

METRICS = Metrics(
    total_trades=12,
    win_rate_percent=58.3,
    expectancy_usd=7.5,
    avg_risk_per_trade_usd=62.5,
    return_on_risk_percent=12.0,
    net_pnl_usd=90.0,
    daily_sharpe=0.4,
    profit_factor=1.6,
    max_drawdown_usd=31.0,
)
SHARES = ProfitShares(
    thin_bars_fraction=0.3,
    stale_prices_fraction=0.1,
    largest_trade_fraction=0.2,
    largest_day_fraction=0.4,
)
COUNTS = Counts(
    stretch_signals=40,
    valid_entries=15,
    late_entries_blocked=1,
    missing_contract_data=1,
    no_price_at_entry=0,
    no_fill=1,
    stale_prices=2,
    forced_exits=3,
    exit_without_print=1,
)


def best_params(**changes: Any) -> BestParams:
    """No selection beside it, as without an exact surface."""
    params = changes.pop("strategy_params", StrategyParams())
    fields: dict[str, Any] = {
        "date_range": "2023-01-03_2023-01-06",
        "ticker": "SPY",
        "source": "polygon",
        "study_name": "vwap_reclaim/2023-01-03_2023-01-06/0123456789ab",
        "selection": "study_best",
        "instead_of": None,
        "promised_percent": METRICS.return_on_risk_percent,
        "min_trades_per_session": 30 / 21,
        "trial_number": 7,
        "trial_params": {"take_profit_percent": 50},
        "strategy_params": params,
        "metrics": METRICS,
        "counts": COUNTS,
        "selections": {},
        "regret": None,
        "profit_shares": SHARES,
        "n_complete_trials": 60,
        "n_sessions": 4,
        "data_fingerprint": "cd" * 32,
        "engine_version": "1",
        **changes,
    }
    return BestParams(**fields)


def identity() -> Identity:
    """Of those parameters."""
    return best_params().identity
