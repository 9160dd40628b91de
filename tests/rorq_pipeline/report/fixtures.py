"""A complete ReportData from real backtests on small fabricated sessions.

The prices are a mean-reverting walk and have no likeness to a market; what matters is that every
section of the report has something to show, deterministically, without a file.
"""

import itertools
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
import optuna
from scipy.signal import lfilter

from optimize.statistics.verdict import Evidence, Verdict, judge
from rorq_pipeline.report import (
    CheckOutcome,
    FillsBand,
    FillScenario,
    IndexEntry,
    OutOfSample,
    Overfitting,
    Regret,
    ReportData,
    Selection,
    SessionProvenance,
    WalkForward,
    WalkForwardStep,
    surface_view,
    trade_pictures,
    verdict_view,
)
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.date_range import session_times
from strategy.session import SessionData
from tests.spaces import space_of

RANGE = BacktestRange(date(2023, 1, 3), date(2023, 1, 20))
MIN_TRADES = 5
SPACE = space_of(
    entry_window=["09:30-12:00", "09:30-15:45"],
    stretch_threshold=[0.001, 0.002, 0.003, 0.004],
    reclaim_percentage=[0.5, 0.7],
    cooldown_period_seconds=[120, 300],
    take_profit_percent=[25, 50, 80],
    stop_loss_percent=[-25, -50, -80],
    max_trade_duration_seconds=[120, 300],
    option_selection_mode=["itm", "otm"],
)


def fabricated_session(day: date, seed: int, ticker: str = "SPY") -> SessionData:
    """One session of a walk that returns to its start, and a chain priced from it."""
    rng = np.random.default_rng(seed)
    times = session_times(day)
    n = times.n_seconds
    steps = rng.normal(0, 0.00006, n)
    path = lfilter([1.0], [1.0, -0.9994], steps)
    price = np.round(380 * np.exp(path), 2)
    vwap = np.cumsum(price) / np.arange(1, n + 1)
    strikes = np.arange(372.0, 389.0)
    left = np.linspace(1, 0.02, n)
    names, offsets, seconds, prices = [], [0], [], []
    for sign, kind in ((1, "C"), (-1, "P")):
        for strike in strikes:
            depth = sign * (price - strike)
            value = np.maximum(depth, 0) + 1.6 * np.sqrt(left) * np.exp(-((depth / 3) ** 2))
            traded = np.flatnonzero(rng.random(n) < 0.5 * np.exp(-((depth / 4) ** 2)) + 0.02)
            names.append(f"O:{ticker}{day:%y%m%d}{kind}{int(strike * 1000):08d}")
            seconds.append(traded)
            prices.append(np.maximum(np.round(value[traded], 2), 0.01))
            offsets.append(offsets[-1] + len(traded))
    bar_seconds = np.concatenate(seconds).astype(np.int32)
    bar_prices = np.concatenate(prices)
    return SessionData(
        ticker=ticker, date=day, source="synthetic", fingerprint=f"{seed:064x}",
        open_utc_seconds=times.open_utc_seconds, n_seconds=n,
        close_shift_seconds=times.close_shift_seconds, underlying_close_usd=price,
        running_vwap_usd=vwap, contract_tickers=tuple(names), call_strikes_usd=strikes,
        put_strikes_usd=strikes, shares_per_contract=np.full(len(names), 100),
        bar_offsets=np.array(offsets), bar_seconds=bar_seconds, bar_prices_usd=bar_prices,
        bar_highs_usd=bar_prices, bar_lows_usd=bar_prices,
        bar_trades=np.ones(len(bar_prices), dtype=np.int64),
    )  # fmt: skip


@cache
def fabricated_sessions() -> tuple[SessionData, ...]:
    """The sessions of `RANGE`."""
    return tuple(fabricated_session(day, seed) for seed, day in enumerate(RANGE.sessions, 1))


@cache
def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return on risk and trades of every combination of `SPACE`, by single backtests."""
    value = np.full(SPACE.shape, np.nan)
    trades = np.zeros(SPACE.shape, dtype=int)
    for index in itertools.product(*(range(n) for n in SPACE.shape)):
        combination = {name: SPACE[name][i] for name, i in zip(SPACE.names, index, strict=True)}
        metrics = run_backtest(
            SPACE.strategy_params(combination, {}), fabricated_sessions()
        ).metrics
        trades[index] = metrics.total_trades
        if metrics.return_on_risk_percent is not None:
            value[index] = metrics.return_on_risk_percent
    return value, trades


def study_trials(n_trials: int = 120, seed: int = 3) -> list[optuna.trial.FrozenTrial]:
    """Trials of a random search over `SPACE`, with prunes and duplicates."""
    rng = np.random.default_rng(seed)
    value, trades = grid()
    distributions = {
        name: optuna.distributions.CategoricalDistribution(SPACE[name]) for name in SPACE.names
    }
    seen: set[int] = set()
    start = datetime(2023, 2, 1, 8)  # noqa: DTZ001  as Optuna keeps it
    made = []
    for number in range(n_trials):
        index = int(rng.integers(SPACE.size)) if number % 9 else 7
        params = SPACE.combination(index)
        attributes: dict[str, Any] = {"total_trades": int(trades.flat[index])}
        state, result = optuna.trial.TrialState.COMPLETE, float(value.flat[index])
        if index in seen:
            state, result = optuna.trial.TrialState.PRUNED, None
            attributes = {"duplicate": True, "duplicate_source": "memory"}
        elif trades.flat[index] < MIN_TRADES:
            state, result = optuna.trial.TrialState.PRUNED, None
            attributes["prune_reason"] = "insufficient_trades"
        seen.add(index)
        trial = optuna.trial.create_trial(
            state=state, value=result, params=params, distributions=distributions,
            user_attrs=attributes,
        )  # fmt: skip
        trial.number = number
        trial.datetime_start = trial.datetime_complete = start
        made.append(trial)
    return made


def minimal_data(**changes: Any) -> ReportData:
    """Only what is required: parameters, trades, metrics."""
    return _data(full=False, **changes)


def complete_data(**changes: Any) -> ReportData:
    """Every section filled."""
    return _data(full=True, **changes)


@cache
def _parts() -> dict[str, Any]:
    value, trades = grid()
    valid = np.where(trades >= MIN_TRADES, value, -np.inf)
    trials = study_trials()
    done = [t for t in trials if t.state == optuna.trial.TrialState.COMPLETE]
    chosen = max(done, key=lambda t: t.value).params
    exact = SPACE.combination(int(valid.argmax()))
    plateau = SPACE.combination(int(np.argsort(valid, axis=None)[-9]))
    return {"trials": trials, "chosen": chosen, "exact": exact, "plateau": plateau}


def _metrics(params: dict[str, Any]) -> dict[str, Any]:
    return run_backtest(SPACE.strategy_params(params, {}), fabricated_sessions()).metrics.as_dict()


def _rank(params: dict[str, Any]) -> int:
    value, trades = grid()
    valid = np.where(trades >= MIN_TRADES, value, -np.inf)
    return int((valid > valid.flat[SPACE.index_of(params)]).sum()) + 1


def _verdict() -> Verdict:
    return judge(
        Evidence(
            total_trades=159, return_on_risk_percent=4.3, overfitting_fraction=0.34,
            loss_fraction=0.4, deflated_sharpe_fraction=0.81, superior_ability_p_value=0.12,
            out_of_sample_traded_sessions=3, out_of_sample_return_on_risk_percent=6.1,
            out_of_sample_low_percent=-9.5, out_of_sample_high_percent=21.4,
            adverse_fills_return_on_risk_percent=-2.4, no_look_ahead=True, replay_agrees=True,
            synthetic=True,
        )
    )  # fmt: skip


def _data(*, full: bool, **changes: Any) -> ReportData:
    parts = _parts()
    params = SPACE.strategy_params(parts["chosen"], {})
    sessions = fabricated_sessions()
    result = run_backtest(params, sessions)
    fields: dict[str, Any] = {
        "date_range": RANGE, "ticker": "SPY", "source": "synthetic", "params": params,
        "trial_params": parts["chosen"], "trades": result.trades,
        "metrics": result.metrics.as_dict(), "counts": result.counts.as_dict(),
        "trials": parts["trials"],
    }  # fmt: skip
    if full:
        fields |= _full_fields(parts, result.trades)
    return ReportData(**(fields | changes))


def _full_fields(parts: dict[str, Any], trades: Any) -> dict[str, Any]:
    value, n_trades = grid()
    metrics = _metrics(parts["chosen"])
    exact = _metrics(parts["exact"])
    valid = n_trades >= MIN_TRADES
    ror = metrics["return_on_risk_percent"]
    return {
        "study_name": f"vwap_reclaim/{RANGE.key}/0123456789ab",
        "sessions": [
            SessionProvenance(
                session=s.date, source=s.source, fingerprint=s.fingerprint,
                findings=["3 bars after the close dropped"] if s.date.day % 4 == 0 else [],
                n_underlying_bars=s.n_seconds, n_option_bars=len(s.bar_seconds),
                n_contracts=s.n_contracts,
            )
            for s in fabricated_sessions()
        ],
        "knobs": {"N_TRIALS": 120, "N_STARTUP_TRIALS": 25, "seed": 3},
        "search_space": dict(SPACE),
        "verdict": verdict_view(_verdict().to_json_dict()),
        "selections": [
            Selection(name=name, trial_params=parts[key], metrics=_metrics(parts[key]),
                      rank=_rank(parts[key]), neighbours_mean_percent=mean,
                      neighbours_worst_percent=mean - 11.3)
            for name, key, mean in (("study_best", "chosen", 7.2), ("exact_best", "exact", 6.4),
                                    ("plateau", "plateau", 12.9))
        ],
        "regret": Regret(points_percent=exact["return_on_risk_percent"] - ror,
                         rank=_rank(parts["chosen"]), n_valid=int(valid.sum()), n_trials=120),
        "surface": surface_view(SPACE, value, n_trades, min_trades=MIN_TRADES,
                                chosen=parts["chosen"]),
        "out_of_sample": OutOfSample(
            sessions=[date(2023, 1, 23), date(2023, 1, 24), date(2023, 1, 25)],
            n_sessions_wanted=13,
            metrics={**metrics, "return_on_risk_percent": 6.1, "net_pnl_usd": 214.5,
                     "total_trades": 9},
            intervals={"return_on_risk_percent": (-9.5, 21.4), "net_pnl_usd": (-310.0, 702.0)},
            daily_pnl_usd=[81.5, -40.0, 173.0],
            by_selection_percent={"study_best": 6.1, "exact_best": -3.4, "plateau": 4.8},
        ),
        "overfitting": Overfitting(
            n_blocks=10, n_splits=252, n_sessions=13, n_trials=812, pbo_fraction=0.34,
            pbo_low_fraction=0.12, pbo_high_fraction=0.61, after_costs_fraction=0.47,
            loss_fraction=0.4, median_in_sample_percent=31.0,
            median_out_of_sample_percent=4.5,
            deflated_sharpe_fraction=0.81, undeflated_sharpe_fraction=0.97, daily_sharpe=0.42,
            expected_max_sharpe=0.31, effective_trials=38.0, spa_p_value_fraction=0.12,
            spa_p_value_low_fraction=0.1, spa_p_value_high_fraction=0.19, spa_n_tested=812,
            caveat="From 13 sessions in 10 blocks; rough numbers, not a verdict by themselves.",
        ),
        "fills": FillsBand(
            scenarios=[
                FillScenario(name="Optimistic", description="no slippage",
                             metrics={**metrics, "return_on_risk_percent": ror + 3.1}),
                FillScenario(name="Base", description="$0.02 slippage, 1 s latency",
                             metrics=metrics),
                FillScenario(name="Adverse", metrics={**metrics, "return_on_risk_percent": -2.4,
                                                      "net_pnl_usd": -140.0},
                             description="$0.04 slippage, worse side of the bar, 2 s latency"),
                FillScenario(name="Without stale entries", description="entries at prices older "
                             "than 10 s left out",
                             metrics={**metrics, "return_on_risk_percent": ror - 1.1}),
            ],
            profit_shares_fraction={
                "from bars of one or two trades": 0.42, "from stale prices": 0.05,
                "from the best trade": 0.16, "from the best day": 0.31,
            },
        ),
        "checks": [
            CheckOutcome(name="replay_by_reference", passed=True,
                         sentence="Same trades and objective."),
            CheckOutcome(name="no_look_ahead", passed=True, sentence="184 moments."),
            CheckOutcome(name="coverage", passed=False, blocking=False,
                         sentence="2 sessions of the range are not cached yet."),
        ],
        "pictures": trade_pictures(trades, fabricated_sessions()),
        "data_fingerprint": "ab" * 32,
        "engine_version": "1",
        "versions": {"python": "3.11.7", "rorq-pipeline": "0.1.0", "optuna": "5.0.0",
                     "numpy": "2.4.6", "plotly": "7.1.0"},
        "configuration": {"N_TRIALS": 120, "MIN_TRADE_THRESHOLD": MIN_TRADES, "seed": 3,
                          "selection": "study_best"},
        "command": f"rorq materialize {RANGE.key}",
        "made_at": datetime(2023, 2, 1, 8, 0, tzinfo=UTC),
    }  # fmt: skip


def index_entries() -> list[IndexEntry]:
    """Three ranges with three verdicts."""
    trades = complete_data().trades
    equity = [float(v) for v in trades["net_pnl_usd"].cumsum()]
    months = [(1, 31, "watch"), (2, 28, "trade"), (3, 31, "reject")]
    return [
        IndexEntry(
            date_range=BacktestRange(date(2023, month, 1), date(2023, month, last)), ticker="SPY",
            source="synthetic" if month == 1 else "polygon", href=f"2023-{month:02d}/report.html",
            metrics=complete_data().metrics, verdict=verdict,
            equity_usd=equity if month != 3 else [-v for v in equity],
            verdict_sentence="Two of four figures passed.",
            out_of_sample_return_on_risk_percent=4.2 - month,
        )
        for month, last, verdict in months
    ]  # fmt: skip


def walk_forward() -> WalkForward:
    """Two steps over the three ranges."""
    ranges = [entry.date_range for entry in index_entries()]
    return WalkForward(
        steps=[
            WalkForwardStep(
                chosen_in=a.key, traded_in=b.key, in_sample_return_on_risk_percent=18.0,
                out_of_sample_return_on_risk_percent=6.5, total_trades=41, net_pnl_usd=81.0,
            )
            for a, b in itertools.pairwise(ranges)
        ],
        equity_usd=[30.0, -12.0, 55.0, 81.0, 120.0, 90.0, 162.0],
        return_on_risk_percent=6.5,
        efficiency_fraction=0.36,
        profitable_steps_fraction=1.0,
        interval_percent=(-3.0, 15.5),
        unchanged_fraction={"stretch_threshold": 0.5, "take_profit_percent": 1.0},
    )  # fmt: skip
