"""What the age of a fill's price earns on a fair market, where nothing can be earned.

    python design/fill_staleness.py [--sessions 100] [--seed 0]

Sample sessions without an edge are traded under both fill rules, in and out of the money. Each
entry's price is set beside the contract's next print after it, which is what the market paid next:
on a fair market the two have the same mean unless the entry's price was out of date. Each exit's
likewise, with the sign turned. USD a trade of 100 shares, means and standard errors, paired.

Figures of one run (100 sessions from 2023-01-03, seed 0): see the table in docs/migrating.md.
"""

import argparse
from datetime import date
from itertools import islice

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from strategy.backtest import run_backtest
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams
from strategy.session import FloatArray, SessionData

FIRST, LAST = date(2023, 1, 3), date(2025, 12, 31)
STRETCHES = [(0.002, 0.6), (0.003, 0.8), (0.004, 0.7)]  # stretch threshold, reclaim share of it
SHARES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    days = islice(sessions_between(FIRST, LAST), arguments.sessions)
    settings = SampleSettings(edge=0.0, seed=arguments.seed)
    sessions = [sample_session(day, settings) for day in days]
    table = Table(title=f"{len(sessions)} sessions without an edge, seed {arguments.seed}")
    table.add_column("fills")
    for name in (
        "trades", "entry older than its second, %", "entry gain", "± s.e.", "exit gain", "± s.e.",
        "no fill",
    ):  # fmt: skip
        table.add_column(name, justify="right")
    for mode in ("itm", "otm"):
        for rule in ("latest_bar", "next_bar"):
            table.add_row(f"{mode}, {rule}", *_measure(sessions, mode, rule))
    Console(width=120).print(table)


def _measure(sessions: list[SessionData], mode: str, rule: str) -> list[str]:
    entry_gains, exit_gains, old, unfilled = [], [], [], 0
    for stretch, reclaim in STRETCHES:
        params = StrategyParams(
            stretch_threshold=stretch,
            reclaim_threshold=stretch * reclaim,
            option_selection_mode=mode,
            fill_rule=rule,
        )
        result = run_backtest(params, sessions)
        trades = result.trades
        unfilled += result.counts.no_fill
        old.append(trades["entry_price_age_seconds"].to_numpy() > 0)
        entry_gains.append(next_prints(trades, sessions, "entry") - trades["entry_price"])
        exit_gains.append(trades["exit_price"] - next_prints(trades, sessions, "exit"))
    entries, exits = (
        SHARES * np.concatenate(gains)[~np.isnan(np.concatenate(gains))]
        for gains in (entry_gains, exit_gains)
    )
    told = [f"{len(entries)}", f"{100 * np.concatenate(old).mean():.0f}"]
    for gains in (entries, exits):
        told += [f"{gains.mean():.2f}", f"{gains.std(ddof=1) / np.sqrt(len(gains)):.2f}"]
    return [*told, str(unfilled)]


def next_prints(trades: pd.DataFrame, sessions: list[SessionData], fill: str) -> FloatArray:
    """Price of each contract's first bar after the second of the fill; NaN where none comes."""
    by_date = {session.date: session for session in sessions}
    utc = trades[f"{fill}_time"].dt.as_unit("s").astype("int64")
    prices = []
    for day, ticker, moment in zip(trades["session_date"], trades["ticker"], utc, strict=True):
        session = by_date[day]
        contract = session.contract_tickers.index(ticker)
        first, end = session.bar_offsets[contract : contract + 2]
        second = moment - session.open_utc_seconds
        row = first + np.searchsorted(session.bar_seconds[first:end], second, side="right")
        prices.append(session.bar_prices_usd[row] if row < end else np.nan)
    return np.array(prices)


if __name__ == "__main__":
    main()
