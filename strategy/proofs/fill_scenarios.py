"""The band in which the truth about fills lies.

Bars hold no quotes, so that what a trade would have paid is not known. The same parameters are
traded under kinder and harsher assumptions; none of them changes what a decision sees.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strategy.backtest import BacktestResult, run_backtest
from strategy.metrics import Metrics
from strategy.params import StrategyParams
from strategy.proofs.at_quotes import AtQuotes, settle_at_quotes
from strategy.proofs.settling import metrics_of, of_bars, settled
from strategy.session import SessionData

OPTIMISTIC = "optimistic"
BASE = "base"
ADVERSE = "adverse"
AT_QUOTES = "at_quotes"
OTHER_RULE = {"next_bar": "latest_bar", "latest_bar": "next_bar"}  # a scenario's name too
DESCRIPTIONS = {
    OPTIMISTIC: "At the latest bar, however old, and no slippage.",
    BASE: "As the parameters say.",
    ADVERSE: "At the next bar, entries at its high and exits at its low; twice the slippage (at "
    "least a cent), twice the latency (at least a second).",
    AT_QUOTES: "The trades of the base, bought at the ask and sold at the bid of their seconds.",
    "latest_bar": "As the base, but at the latest bar, however old (the predecessor's rule).",
    "next_bar": "As the base, but at the next bar after the decision and the latency.",
}
_LEAST_ADVERSE_SLIPPAGE = 0.01  # USD per share, a tick
_MOST_ADVERSE_FRACTION = 0.99  # a price cannot slip away whole


@dataclass(frozen=True, kw_only=True)
class FillScenario:
    """The same parameters under one assumption about fills."""

    name: str
    description: str
    metrics: Metrics


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What it costs to wait for a print, as `next_bar` does; None without such a fill."""

    entries_without_fill: int
    exits_without_print: int
    mean_entry_wait_seconds: float | None  # after the latency
    longest_entry_wait_seconds: float | None
    mean_exit_wait_seconds: float | None  # after the latency, of exits with a print
    longest_exit_wait_seconds: float | None
    latest_bar_gain_usd: float  # net P&L by latest_bar less that by next_bar


@dataclass(frozen=True, kw_only=True)
class FillsBand:
    """Scenarios from the kindest to the harshest, then the other fill rule."""

    scenarios: tuple[FillScenario, ...]
    waiting: Waiting
    quotes: AtQuotes | None  # None where no session has quotes

    def __getitem__(self, name: str) -> Metrics:
        """Metrics of one scenario."""
        return next(one.metrics for one in self.scenarios if one.name == name)


def fills_band(
    params: StrategyParams,
    sessions: Sequence[SessionData],
    quotes: pd.DataFrame | None = None,  # columns of QUOTES_SCHEMA
) -> FillsBand:
    """Trade one parameter set under every assumption, and settle it at quotes where there are any.

    Raises:
        MissingSessionError: no session was given.
    """
    by_rule = {
        rule: run_backtest(params.replacing(fill_rule=rule), sessions) for rule in OTHER_RULE
    }
    base, other = by_rule[params.fill_rule], OTHER_RULE[params.fill_rule]
    kind = {"fill_rule": "latest_bar", "slippage_amount": 0.0, "slippage_fraction": 0.0}
    metrics = {
        OPTIMISTIC: run_backtest(params.replacing(**kind), sessions).metrics,
        BASE: base.metrics,
        ADVERSE: _adverse_metrics(params, sessions),
        other: by_rule[other].metrics,
    }
    at_quotes = None
    if quotes is not None and len(quotes):
        at_quotes = settle_at_quotes(params, base.trades, sessions, quotes)
        metrics[AT_QUOTES] = at_quotes.metrics
    return FillsBand(
        scenarios=tuple(
            FillScenario(name=name, description=DESCRIPTIONS[name], metrics=of_scenario)
            for name, of_scenario in metrics.items()
        ),
        waiting=_waiting(params, by_rule),
        quotes=at_quotes,
    )


def _adverse_metrics(params: StrategyParams, sessions: Sequence[SessionData]) -> Metrics:
    """Trade later, then settle every fill at the worse side of its bar."""
    adverse = params.replacing(
        fill_rule="next_bar",
        slippage_amount=max(2 * params.slippage_amount, _LEAST_ADVERSE_SLIPPAGE),
        slippage_fraction=min(2 * params.slippage_fraction, _MOST_ADVERSE_FRACTION),
        latency_seconds=max(2 * params.latency_seconds, 1),
    )
    trades = run_backtest(adverse, sessions).trades
    entry_prices = np.maximum(of_bars(trades, sessions, "entry", "high"), trades["entry_price"])
    exit_prices = np.minimum(of_bars(trades, sessions, "exit", "low"), trades["exit_price"])
    return metrics_of(settled(adverse, trades, sessions, entry_prices, exit_prices), sessions)


def _waiting(params: StrategyParams, by_rule: Mapping[str, BacktestResult]) -> Waiting:
    waited = by_rule["next_bar"]
    trades = waited.trades
    entries = _seconds_between(trades["signal_time"], trades["entry_time"]) - params.latency_seconds
    exits = _seconds_between(trades["exit_decision_time"], trades["exit_time"])
    exits -= params.latency_seconds * (trades["exit_reason"] != "emergency_exit")
    exits = exits[(trades["exit_reason"] != "end_of_data") & ~trades["exit_without_print"]]
    between = by_rule["latest_bar"].metrics.net_pnl_usd - waited.metrics.net_pnl_usd
    return Waiting(
        entries_without_fill=waited.counts.no_fill,
        exits_without_print=waited.counts.exit_without_print,
        mean_entry_wait_seconds=_known(entries.mean()),
        longest_entry_wait_seconds=_known(entries.max()),
        mean_exit_wait_seconds=_known(exits.mean()),
        longest_exit_wait_seconds=_known(exits.max()),
        latest_bar_gain_usd=between,
    )


def _seconds_between(first: pd.Series, last: pd.Series) -> pd.Series:
    return (last - first).dt.total_seconds()


def _known(seconds: float) -> float | None:
    return None if math.isnan(seconds) else float(seconds)
