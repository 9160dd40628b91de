"""A complete ReportData from real backtests on small fabricated sessions.

The prices are a mean-reverting walk and have no likeness to a market; what matters is that every
section of the report has something to show, deterministically, without a file.
"""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
import optuna
from scipy.signal import lfilter

from optimize.choice.candidates import Candidate, Regret
from optimize.choice.policies import all_policies
from optimize.choice.selection_test import SelectionTest
from optimize.choice.walk_forward_matrix import MonthRecord
from optimize.statistics import (
    DeflatedSharpe,
    Evidence,
    Interval,
    OutOfSample,
    Overfitting,
    SelectionStatistics,
    SessionSums,
    Verdict,
    VerdictSettings,
    WalkForwardStep,
    judge,
)
from optimize.statistics import walk_forward as stitched
from optimize.study.results import summarize
from optimize.study.settings import StudySettings
from rorq_pipeline.report import (
    CheckOutcome,
    ReportData,
    SessionProvenance,
    surface_view,
    trade_pictures,
)
from rorq_pipeline.report.collect import proof_checks
from rorq_pipeline.results.models import (
    BestParams,
    ComparedSelection,
    Optimization,
    OutOfSampleEvidence,
    Proofs,
    ReportEntry,
    SelectionEvidence,
    StepIdentity,
    VerdictRecord,
    WalkForwardMatrixRecord,
    WalkForwardRecord,
)
from rorq_pipeline.results.policy_matrix import matrix_record
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.date_range import session_times
from strategy.metrics import Metrics
from strategy.proofs.fill_scenarios import FillsBand, FillScenario, Waiting
from strategy.proofs.lookahead import LookaheadReport
from strategy.proofs.profit_shares import ProfitShares
from strategy.proofs.replay import ReplayResult
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


def minimal_data(*, best: Mapping[str, Any] | None = None, **changes: Any) -> ReportData:
    """Only what is required: parameters, their study and their trades; `best` changes those."""
    return _data(full=False, best=best, **changes)


def complete_data(*, best: Mapping[str, Any] | None = None, **changes: Any) -> ReportData:
    """Every section filled."""
    return _data(full=True, best=best, **changes)


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


def _metrics(params: dict[str, Any]) -> Metrics:
    return run_backtest(SPACE.strategy_params(params, {}), fabricated_sessions()).metrics


def _rank(params: dict[str, Any]) -> int:
    value, trades = grid()
    valid = np.where(trades >= MIN_TRADES, value, -np.inf)
    return int((valid > valid.flat[SPACE.index_of(params)]).sum()) + 1


def _n_valid() -> int:
    return int((grid()[1] >= MIN_TRADES).sum())


def verdict(best: BestParams) -> VerdictRecord:
    """Watch, by figures that are not those of the other evidence."""
    evidence = Evidence(
        total_trades=159, return_on_risk_percent=4.3, promised_percent=4.1,
        overfitting_fraction=0.34,
        loss_fraction=0.4, deflated_sharpe_fraction=0.81, superior_ability_p_value=0.12,
        out_of_sample_traded_sessions=3, out_of_sample_return_on_risk_percent=6.1,
        out_of_sample_gain_p_value=0.61, out_of_sample_loss_p_value=1.0,
        adverse_fills_return_on_risk_percent=-2.4, no_look_ahead=True, replay_agrees=True,
        synthetic=True,
    )  # fmt: skip
    limits = VerdictSettings()
    return VerdictRecord(
        of=best.identity, verdict=judge(evidence, limits), evidence=evidence, limits=limits
    )


def _data(*, full: bool, best: Mapping[str, Any] | None, **changes: Any) -> ReportData:
    parts = _parts()
    published = best_params(full=full).model_copy(update=dict(best or {}))
    fields: dict[str, Any] = {
        "date_range": RANGE,
        "best": published,
        "optimization": optimization(),
        "trades": run_backtest(published.strategy_params, fabricated_sessions()).trades,
        "trials": parts["trials"],
    }
    if full:
        fields |= _full_fields(parts, published, fields["trades"])
    return ReportData(**(fields | changes))


@cache
def optimization() -> Optimization:
    """The study of `study_trials`."""
    return Optimization(
        date_range=RANGE.key,
        study=summarize(
            study_trials(), fixed_params={}, n_before=0, seconds=2.0,
            study_name=f"vwap_reclaim/{RANGE.key}/0123456789ab", warm_started_from=None,
            stop_reason="completed", search_space_size=SPACE.size,
        ),
        settings=StudySettings(n_trials=120, min_trade_threshold=MIN_TRADES, seed=3),
        search_space=SPACE,
        fixed_params={"ticker": "SPY"},
        data_fingerprint="ab" * 32,
    )  # fmt: skip


@cache
def best_params(*, full: bool) -> BestParams:
    """What is published of that study; with the other selections, or without a surface."""
    parts, study = _parts(), optimization().study
    params = SPACE.strategy_params(parts["chosen"], {})
    result = run_backtest(params, fabricated_sessions())
    regret = _metrics(parts["exact"]).return_on_risk_percent - study.best_value
    return BestParams(
        date_range=RANGE.key, ticker="SPY", source="synthetic", study_name=study.study_name,
        selection="study_best", instead_of=None, trial_number=study.best_trial_number,
        promised_percent=result.metrics.return_on_risk_percent, min_trades_per_session=30 / 21,
        trial_params=parts["chosen"], strategy_params=params, metrics=result.metrics,
        counts=result.counts, selections=_selections(parts) if full else {},
        regret=Regret(
            regret_percent_points=regret, study_best_percent=study.best_value,
            exact_best_percent=study.best_value + regret, rank=_rank(parts["chosen"]),
            n_valid=_n_valid(), n_complete_trials=study.n_complete,
        ) if full else None,
        profit_shares=ProfitShares(
            thin_bars_fraction=0.42, stale_prices_fraction=0.05, largest_trade_fraction=0.16,
            largest_day_fraction=0.31,
        ),
        n_complete_trials=study.n_complete, n_sessions=len(fabricated_sessions()),
        data_fingerprint="ab" * 32, engine_version="1",
    )  # fmt: skip


def _selections(parts: dict[str, Any]) -> dict[str, ComparedSelection]:
    made = {}
    for name, key, mean in (("study_best", "chosen", 7.2), ("exact_best", "exact", 6.4),
                            ("plateau", "plateau", 12.9)):  # fmt: skip
        metrics = _metrics(parts[key])
        made[name] = ComparedSelection(
            candidate=Candidate(
                selection=name, combination=parts[key],
                promised_percent=metrics.return_on_risk_percent,
                return_on_risk_percent=metrics.return_on_risk_percent,
                total_trades=metrics.total_trades, rank=_rank(parts[key]), n_valid=_n_valid(),
                neighbours_mean_percent=mean, neighbours_worst_percent=mean - 11.3,
            ),
            strategy_params=SPACE.strategy_params(parts[key], {}),
            metrics=metrics,
        )  # fmt: skip
    return made


def out_of_sample(best: BestParams) -> OutOfSampleEvidence:
    """Six sessions after the range."""
    metrics = replace(best.metrics, return_on_risk_percent=6.1, net_pnl_usd=214.5, total_trades=9)
    days = tuple(date(2023, 1, day) for day in (23, 24, 25, 26, 27, 30))
    ninety = {"confidence_fraction": 0.9}
    return OutOfSampleEvidence(
        of=best.identity,
        traded=OutOfSample(
            status="measured",
            sessions=SessionSums(
                dates=days, trades=np.array([3, 1, 1, 2, 1, 1]),
                winners=np.array([2, 0, 0, 1, 1, 1]),
                net_pnl_usd=np.array([81.5, -20.0, -20.0, 100.0, 33.0, 40.0]),
                risk_usd=np.array([900.0, 400, 400, 900, 500, 416]),
            ),
            n_wanted=13, n_missing=0, metrics=metrics,
            intervals={
                "return_on_risk_percent": Interval(low=-9.5, high=21.4, **ninety),
                "net_pnl_usd": Interval(low=-310.0, high=702.0, **ninety),
            },
            gain_p_value_fraction=0.61, loss_p_value_fraction=1.0,
        ),
        status="measured", n_to_come=7, looked_at={}, missing=(),
        selections={
            "study_best": metrics,
            "exact_best": replace(metrics, return_on_risk_percent=-3.4),
            "plateau": replace(metrics, return_on_risk_percent=4.8),
        },
    )  # fmt: skip


def selection_statistics(best: BestParams) -> SelectionEvidence:
    """Figures that are all different, so that none can stand in another's place unseen."""
    return SelectionEvidence(
        of=best.identity,
        statistics=SelectionStatistics(
            overfitting=Overfitting(
                probability_fraction=0.34, standard_error_fraction=0.11,
                interval_low_fraction=0.12, interval_high_fraction=0.61,
                after_costs_fraction=0.47, loss_fraction=0.4, median_in_sample_percent=31.0,
                median_out_of_sample_percent=4.5, n_splits=252, n_unconfirmed=3, n_blocks=10,
                n_sessions=13, n_trials=812, n_valid=900,
            ),
            deflated_sharpe=DeflatedSharpe(
                probability_fraction=0.81, published_probability_fraction=0.55,
                undeflated_probability_fraction=0.97, sharpe=0.42, benchmark_sharpe=0.31,
                skewness=0.2, kurtosis=3.3, n_sessions=13, effective_trials=38.0,
                trials_by_correlation=410.0, average_correlation=0.45,
            ),
        ),
        selection_test=SelectionTest(
            p_value_fraction=0.21, t_p_value_fraction=0.08, before_costs_p_value_fraction=0.03,
            superior_ability_p_value_fraction=0.12, best_value_percent=24.0,
            null_median_percent=19.0, n_combinations=812, n_blocks=13, n_sessions=13, n_draws=1000,
        ),
        absent=None,
    )  # fmt: skip


MATRIX_MONTHS = tuple(f"2022-{month:02}" for month in range(1, 13))


def matrix_months() -> list[MonthRecord]:
    """Thirteen months made by chance, with more for longer lookbacks."""
    rng, policies = np.random.default_rng(4), all_policies()
    records: list[MonthRecord] = []
    n = len(policies)
    back = np.array([4 if p.lookback_months == "all" else p.lookback_months for p in policies])
    for month in ("2021-12", *MATRIX_MONTHS):
        shape = (min(len(records), 12), n)
        net_pnl = np.round(rng.normal(40 * np.sqrt(back), 150, shape), 2)
        records.append(
            MonthRecord(
                month=month, chain=month, dates=(date.fromisoformat(f"{month}-16"),),
                chosen=np.arange(n), promised_percent=np.full(n, 30.0),
                held=np.tile(np.arange(n), (shape[0], 1)),
                held_promised_percent=np.full(shape, 30.0),
                total_trades=np.full(shape, 31), net_pnl_usd=net_pnl,
                risk_usd=np.full(shape, 1_000.0),
                session_net_pnl_usd=net_pnl[:1].T if shape[0] else np.zeros((n, 1)),
                session_risk_usd=np.full((n, 1), 1_000.0),
            )
        )  # fmt: skip
    return records


def matrix(best: BestParams) -> WalkForwardMatrixRecord:
    """Those months through the real sums."""
    return matrix_record(best, matrix_months(), all_policies())


def proofs(best: BestParams) -> Proofs:
    """Nothing looked ahead, and four assumptions about fills."""
    ror = best.metrics.return_on_risk_percent
    scenarios = (
        ("optimistic", "no slippage", {"return_on_risk_percent": ror + 3.1}),
        ("base", "$0.02 slippage, 1 s latency", {}),
        ("adverse", "$0.04 slippage, worse side of the bar, 2 s latency",
         {"return_on_risk_percent": -2.4, "net_pnl_usd": -140.0}),
        ("latest_bar", "at the latest bar, however old", {"return_on_risk_percent": ror + 1.1}),
    )  # fmt: skip
    return Proofs(
        of=best.identity,
        look_ahead=LookaheadReport(
            n_sessions=13, n_moments=184, n_decisions=92, n_past_fills=0, n_fills=30, violations=()
        ),
        replay=ReplayResult(
            n_trades=best.metrics.total_trades, objective=ror, difference=None
        ),
        fills=FillsBand(
            scenarios=tuple(
                FillScenario(
                    name=name, description=words, metrics=replace(best.metrics, **changes)
                )
                for name, words, changes in scenarios
            ),
            waiting=Waiting(
                entries_without_fill=2, exits_without_print=1, mean_entry_wait_seconds=1.4,
                longest_entry_wait_seconds=9.0, mean_exit_wait_seconds=2.6,
                longest_exit_wait_seconds=48.0, latest_bar_gain_usd=37.5,
            ),
            quotes=None,
        ),
    )  # fmt: skip


def _full_fields(parts: dict[str, Any], best: BestParams, trades: Any) -> dict[str, Any]:
    value, n_trades = grid()
    made = proofs(best)
    return {
        "sessions": [
            SessionProvenance(
                session=s.date, source=s.source, fingerprint=s.fingerprint,
                findings=["3 bars after the close dropped"] if s.date.day % 4 == 0 else [],
                n_underlying_bars=s.n_seconds, n_option_bars=len(s.bar_seconds),
                n_contracts=s.n_contracts,
            )
            for s in fabricated_sessions()
        ],
        "surface": surface_view(SPACE, value, n_trades, min_trades=MIN_TRADES,
                                chosen=parts["chosen"]),
        "out_of_sample": out_of_sample(best),
        "selection_statistics": selection_statistics(best),
        "matrix": matrix(best),
        "proofs": made,
        "verdict": verdict(best),
        "checks": [
            *proof_checks(made),
            CheckOutcome(name="coverage", passed=False, blocking=False,
                         sentence="2 sessions of the range are not cached yet."),
        ],
        "max_trade_share_fraction": 0.25,
        "max_day_share_fraction": 0.5,
        "pictures": trade_pictures(trades, fabricated_sessions()),
        "versions": {"python": "3.11.7", "rorq-pipeline": "0.1.0", "optuna": "5.0.0",
                     "numpy": "2.4.6", "plotly": "7.1.0"},
        "command": f"rorq materialize {RANGE.key}",
        "made_at": datetime(2023, 2, 1, 8, 0, tzinfo=UTC),
    }  # fmt: skip


def index_entries() -> list[ReportEntry]:
    """Three ranges with three verdicts."""
    data = complete_data()
    equity = [float(v) for v in data.trades["net_pnl_usd"].cumsum()]
    months = [(1, 31, "watch"), (2, 28, "trade"), (3, 31, "reject")]
    return [
        ReportEntry(
            date_range=BacktestRange(date(2023, month, 1), date(2023, month, last)).key,
            ticker="SPY",
            source="synthetic" if month == 1 else "polygon", href=f"2023-{month:02d}/report.html",
            metrics=data.best.metrics, selection="smooth", promised_percent=10.0 * month,
            trial_params={**data.best.trial_params, "take_profit_percent": 25 * month},
            equity_usd=tuple(equity if month != 3 else [-v for v in equity]),
            verdict=Verdict(decision=decision, line=f"{decision}: two of four figures passed",
                            findings=()),
            sentence=f"In plain words: {decision}.",
            out_of_sample_return_on_risk_percent=4.2 - month if month != 2 else None,
            out_of_sample_too_few="" if month != 2 else "5 trades in 4 sessions, too few",
            made_at=None,
        )
        for month, last, decision in months
    ]  # fmt: skip


def walk_forward() -> WalkForwardRecord:
    """Two steps over the three ranges, of four sessions and three."""
    keys = [entry.date_range for entry in index_entries()]
    parts = [[30.0, -42.0, 67.0, 26.0], [39.0, -30.0, 72.0]]
    choices = [{"stretch_threshold": s, "take_profit_percent": 50} for s in (0.002, 0.003, 0.003)]
    steps = [
        WalkForwardStep(
            chosen_in=a, traded_in=b, params=choices[0], in_sample_return_on_risk_percent=18.0,
            sessions=_sums(BacktestRange.parse(b), pnl),
        )
        for (a, b), pnl in zip(itertools.pairwise(keys), parts, strict=True)
    ]  # fmt: skip
    identity = StepIdentity(
        strategy_params=SPACE.strategy_params(_parts()["chosen"], {}), engine_version="1",
        data_fingerprint="ab" * 32, first_session=date(2023, 2, 1),
    )  # fmt: skip
    return WalkForwardRecord(
        record=stitched(steps, choices), identities=(identity,) * 2, left_out=()
    )


def _sums(date_range: BacktestRange, net_pnl_usd: list[float]) -> SessionSums:
    n = len(net_pnl_usd)
    return SessionSums(
        dates=date_range.sessions[:n], trades=np.full(n, 10), winners=np.full(n, 5),
        net_pnl_usd=np.array(net_pnl_usd), risk_usd=np.full(n, 400.0),
    )  # fmt: skip
