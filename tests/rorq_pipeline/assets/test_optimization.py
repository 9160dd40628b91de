from dataclasses import replace

from optimize.study.results import StudySummary, TrialSummary
from optimize.study.settings import StudySettings
from rorq_pipeline.assets.optimization import told
from rorq_pipeline.results.models import Optimization
from tests.rorq_pipeline.conftest import plain
from tests.spaces import space_of

SPACE = space_of(take_profit_percent=[25, 50], stretch_threshold=[0.002, 0.003])
NAMES = (
    "entry_window | stretch_threshold | reclaim_percentage | cooldown_period_seconds | "
    "take_profit_percent | stop_loss_percent | max_trade_duration_seconds | strikes_depth | "
    "option_selection_mode"
)


def trial(number: int, value: float, trades: int, index: int) -> TrialSummary:
    params = SPACE.combination(index)
    return TrialSummary(number=number, value=value, params=params, metrics={"total_trades": trades})


STUDY = StudySummary(
    study_name="vwap_reclaim/x/0123456789ab", resumed=True, warm_started_from="former",
    stop_reason="attempt limit reached", direction="maximize", best_value=12.3456789,
    best_trial_number=7, best_params=SPACE.combination(1), best_strategy_params={},
    best_metrics={}, n_trials=70, n_complete=31,
    n_pruned={"insufficient_trades": 20, "other": 3}, n_duplicates={"memory": 4, "database": 5},
    n_failed=6, n_evaluated=17, top_trials=(trial(7, 12.3456789, 41, 1), trial(3, 2.5, 30, 2)),
    seconds=2.5, trials_per_second=6.8, search_space_size=4,
)  # fmt: skip


def made(study: StudySummary) -> Optimization:
    return Optimization(
        date_range="2023-01-03_2023-01-06", study=study, settings=StudySettings(),
        search_space=SPACE, fixed_params={}, data_fingerprint="ab" * 32,
    )  # fmt: skip


def test_a_study_is_told_with_its_counts_and_its_best_trials() -> None:
    assert plain(told(made(STUDY))) == {
        "return_on_risk_percent": 12.3457,
        "trials": 70,
        "complete": 31,
        "pruned": 23,
        "duplicates": 9,
        "duplicates_memory": 4,
        "duplicates_database": 5,
        "failed": 6,
        "evaluated_in_this_run": 17,
        "seconds": 2.5,
        "trials_per_second": 6.8,
        "study": "vwap_reclaim/x/0123456789ab",
        "optuna_dashboard": "http://127.0.0.1:8080/dashboard",
        "stop_reason": "attempt limit reached",
        "resumed": True,
        "warm_started_from": "former",
        "pruned_by_reason": {"insufficient_trades": 20, "other": 3},
        "best_trials": f"| trial | return on risk, % | trades | {NAMES} |\n"
        f"| {' | '.join(['---:'] * 12)} |\n"
        "| 7 | 12.35 | 41 | 09:30:00-15:45:00 | 0.002 | 0.5 | 120 | 50 | -50 | 300 | 1 | itm |\n"
        "| 3 | 2.50 | 30 | 09:30:00-15:45:00 | 0.003 | 0.5 | 120 | 25 | -50 | 300 | 1 | itm |",
    }


def test_a_study_without_a_complete_trial_says_so() -> None:
    none = replace(
        STUDY, best_value=None, top_trials=(), warm_started_from=None, trials_per_second=None
    )
    values = plain(told(made(none)))
    assert values["best_trials"] == "no trial is complete"
    assert values["warm_started_from"] == "none"
    assert not {"return_on_risk_percent", "trials_per_second"} & set(values)
