"""Writes golden.json: small sessions, parameter sets, and what the reference engine makes of them.

Run `python -m tests.strategy.data.make_golden` from the project's root after a change of the rules,
and read the difference before committing it. The compiled engine has no part in it.
"""

import json
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from strategy.market_data import SessionFrames
from strategy.params import StrategyParams
from strategy.reference import Day, backtest_days
from tests.strategy.made_sessions import OPENS_UTC_SECONDS, make_frames
from tests.strategy.random_sessions import random_frames

GOLDEN_FILE = Path(__file__).with_name("golden.json")
SEED = 3  # of those tried, one whose trades have many exit reasons

COLUMNS = [
    "session_date", "side", "stretch_time", "signal_time", "entry_time", "ticker",
    "underlying_price", "entry_price", "entry_price_age_seconds", "exit_time", "exit_price",
    "exit_price_age_seconds", "exit_reason", "net_pnl_usd", "risk_usd", "exit_decision_time",
    "exit_without_print",
]  # fmt: skip
TIGHT = {
    "stretch_threshold": 0.001,
    "reclaim_threshold": 0.0005,
    "cooldown_period_seconds": 60,
    "take_profit_percent": 50,
    "stop_loss_percent": -25,
    "max_trade_duration_seconds": 300,
}
CASES: dict[str, dict[str, Any]] = {
    "tight": {},
    "seed grid thresholds": {"stretch_threshold": 0.003, "reclaim_threshold": 0.0024},
    "otm": {"option_selection_mode": "otm"},
    "atm": {"option_selection_mode": "atm"},
    "second strike in the money": {"strikes_depth": 2},
    "third strike out of the money": {"strikes_depth": 3, "option_selection_mode": "otm"},
    "no latency": {"latency_seconds": 0},
    "long latency": {"latency_seconds": 5},
    "no costs": {
        "slippage_amount": 0,
        "brokerage_fee_per_contract": 0,
        "exchange_fee_per_contract": 0,
    },
    "three contracts, wide slippage": {"contracts_per_trade": 3, "slippage_amount": 0.05},
    "long cooldown": {"cooldown_period_seconds": 600},
    "late window": {"entry_start_time": "12:00:00", "entry_end_time": "15:59:59"},
    "early cutoffs": {
        "late_entry_cutoff_time": "15:30:00",
        "end_of_day_exit_time": "12:30:00",
        "emergency_exit_time": "12:35:00",
    },
    "no forced exit": {
        "entry_end_time": "16:00:00",
        "late_entry_cutoff_time": "16:00:00",
        "end_of_day_exit_time": "23:00:00",
        "emergency_exit_time": "23:00:00",
        "max_trade_duration_seconds": 10_000,
    },
    "too wide to trade": {"stretch_threshold": 0.02, "reclaim_threshold": 0.01},
}
NEXT_BAR_CASES: dict[str, dict[str, Any]] = {
    **{f"{name}, next bar": CASES[name] for name in (
        "tight", "otm", "no latency", "long latency", "late window", "early cutoffs",
        "no forced exit",
    )},
    "next bar, long wait": {"max_fill_wait_seconds": 600},
    "next bar, no wait": {"max_fill_wait_seconds": 0, "latency_seconds": 2},
    "next bar, slippage of the price": {"slippage_fraction": 0.015},
}  # fmt: skip


def golden_frames() -> list[SessionFrames]:
    """A full session, the first after the clock change, and an early close."""
    random = Random(SEED)
    return [
        random_frames(
            random, day, n_underlying_bars=260, n_option_bars=70, strikes=[-3, -2, 0, 1, 2, 4]
        )
        for day in (date(2023, 1, 3), date(2023, 3, 13), date(2023, 11, 24))
    ]


def frames_to_json(frames: SessionFrames) -> dict[str, Any]:
    """The lists from which `make_frames` makes the session again."""
    opening = OPENS_UTC_SECONDS[frames.date]
    options: dict[str, list[list[Any]]] = {ticker: [] for ticker in frames.chain["ticker"]}
    for row in frames.options.itertuples():
        second = int(row.timestamp.timestamp()) - opening
        options[row.ticker].append([second, row.close, _nullable(row.vwap)])
    return {
        "date": frames.date.isoformat(),
        "shares": int(frames.chain["shares_per_contract"].iloc[0]),
        "underlying": [
            [int(row.timestamp.timestamp()) - opening, row.close, row.volume, _nullable(row.vwap)]
            for row in frames.underlying.itertuples()
        ],
        "options": [
            [row.contract_type, row.strike_price, options[row.ticker]]
            for row in frames.chain.itertuples()
        ],
    }


def frames_from_json(stored: dict[str, Any]) -> SessionFrames:
    """The session that `frames_to_json` wrote down."""
    return make_frames(
        date.fromisoformat(stored["date"]),
        [tuple(bar) for bar in stored["underlying"]],
        {(kind, strike): [tuple(bar) for bar in bars] for kind, strike, bars in stored["options"]},
        shares=stored["shares"],
    )


def golden_case(name: str, changes: dict[str, Any], days: list[Day]) -> dict[str, Any]:
    """One parameter set with the trades, metrics and counts of the reference engine."""
    params = StrategyParams.from_json_dict({**TIGHT, **changes})
    result = backtest_days(params, days)
    return {
        "name": name,
        "params": params.to_json_dict(),
        "counts": result.counts,
        "metrics": result.metrics,
        "trades": [[_plain(row[column]) for column in COLUMNS] for row in result.trades],
    }


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else str(value)


def _nullable(value: float) -> float | None:
    return None if value != value else value


def golden_text() -> str:
    """The content of golden.json, a line a session, a case and a trade."""
    frames = golden_frames()
    days = [Day(one) for one in frames]
    golden = {
        "generator": "python -m tests.strategy.data.make_golden",
        "columns": COLUMNS,
        "sessions": [frames_to_json(one) for one in frames],
        "cases": [
            golden_case(name, {"fill_rule": fill_rule, **changes}, days)
            for fill_rule, cases in (("latest_bar", CASES), ("next_bar", NEXT_BAR_CASES))
            for name, changes in cases.items()
        ],
    }
    text = json.dumps(golden, separators=(",", ":"))
    for opening in ('{"', '["20'):
        text = text.replace(opening, "\n" + opening)
    return text.strip() + "\n"


if __name__ == "__main__":
    GOLDEN_FILE.write_text(golden_text())
