"""How strong the planted edge of sample sessions is, and that there is none without it.

    python design/sample_edge.py [--edges 0 1 2 3] [--seeds 6]

For each strength, months of sample sessions of several seeds are traded with a few sensible
parameter sets. Shown are the mean price change a trade before any cost (about 0 without an edge),
the return on risk after costs, and its range over the months.

Figures of one run (January 2023, seeds 0 to 5, fills at the next bar): before costs -2.8, 13.7,
20.8 and 25.6 USD a trade at edge 0, 1, 2 and 3, with a standard error of about 1.2, since the sets
trade the same stretches; a stretch of 0.3 %, reclaimed to 0.8 of it, in the money, take profit
50 %, stop loss 50 %, returns -8, 12, 26 and 37 % on risk.
"""

import argparse
from datetime import date, time

import numpy as np
from rich.console import Console
from rich.table import Table

from strategy.backtest import run_backtest
from strategy.date_range import DateRange
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams

MONTH = DateRange.of_month(date(2023, 1, 3))
ENTRIES = [(0.002, 0.6), (0.003, 0.8), (0.004, 0.7)]  # stretch threshold, reclaim share of it
EXITS = [(50, -50, 300), (100, -25, 600), (25, -100, 600)]  # take profit, stop loss, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=float, nargs="+", default=[0.0, 1.0, 2.0, 3.0])
    parser.add_argument("--seeds", type=int, default=6)
    arguments = parser.parse_args()
    for edge in arguments.edges:
        Console(width=120).print(_measure(edge, arguments.seeds))


def _measure(edge: float, n_seeds: int) -> Table:
    table = Table("parameters", title=f"edge {edge:g}, {n_seeds} months of {MONTH}")
    for name in ("trades", "before costs, USD", "± s.e.", "return on risk %", "least", "most"):
        table.add_column(name, justify="right")
    months = [
        [sample_session(day, SampleSettings(edge=edge, seed=seed)) for day in MONTH.sessions]
        for seed in range(n_seeds)
    ]
    for label, params in _parameter_sets():
        results = [run_backtest(params, sessions) for sessions in months]
        changes = np.concatenate(
            [100.0 * (r.trades["exit_price"] - r.trades["entry_price"]).to_numpy() for r in results]
        )
        returns = [r.metrics.return_on_risk_percent for r in results if r.metrics.total_trades]
        table.add_row(
            label,
            str(len(changes)),
            f"{changes.mean():.2f}",
            f"{changes.std() / np.sqrt(len(changes)):.2f}",
            *(f"{value:.1f}" for value in (np.mean(returns), min(returns), max(returns))),
        )
    return table


def _parameter_sets() -> list[tuple[str, StrategyParams]]:
    sets = []
    for mode in ("itm", "otm"):
        for stretch, reclaim in ENTRIES:
            for take_profit, stop_loss, seconds in EXITS:
                label = f"{mode} {stretch} {reclaim} {take_profit} {stop_loss} {seconds}"
                params = StrategyParams(
                    entry_start_time=time(9, 30),
                    entry_end_time=time(15, 45),
                    stretch_threshold=stretch,
                    reclaim_threshold=stretch * reclaim,
                    cooldown_period_seconds=300,
                    take_profit_percent=take_profit,
                    stop_loss_percent=stop_loss,
                    max_trade_duration_seconds=seconds,
                    strikes_depth=1,
                    option_selection_mode=mode,
                )
                sets.append((label, params))
    return sets


if __name__ == "__main__":
    main()
