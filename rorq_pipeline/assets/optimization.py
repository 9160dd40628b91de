"""The asset `optimization`: the study of one range, kept in PostgreSQL and resumed by every run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from rorq_pipeline.assets.common import Table, numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.progress import StudyLog
from rorq_pipeline.dagster_support.resources import MarketData, StudyDatabase
from rorq_pipeline.project.config import OptimizationConfig
from rorq_pipeline.results.selections import regret_of_study
from rorq_pipeline.results.validated import load_validated

if TYPE_CHECKING:
    from optimize.choice.candidates import Regret
    from optimize.study.results import StudySummary


@range_asset(
    group="search",
    kinds={"optuna", "postgres"},
    code_version="1",
    stage="optimization",
    io_manager_key="parameters",
    ins={"validated_cache": dg.AssetIn(metadata={"required": False})},
    description="An Optuna study over the search space, on validated sessions only. Trials are "
    "kept as they complete, so that a run goes on where the last one ended.",
)
def optimization(
    context: dg.AssetExecutionContext,
    config: OptimizationConfig,
    market_data: MarketData,
    study_database: StudyDatabase,
    validated_cache: Table,
) -> dg.MaterializeResult:
    """Run or resume the study."""
    from optimize.run_study import run_study
    from optimize.signals import stop_on_signals
    from optimize.storage.driver import turn
    from strategy.session import data_fingerprint

    date_range = range_of(context)
    with one_line_failures():
        settings, space = config.study_settings(), config.space()
        fixed_params = date_range.fixed_params(config.fixed_params)
        sessions, vouched = load_validated(market_data, date_range, space, validated_cache)
        if not vouched:
            context.log.info("no validation of just these files was at hand: validated here")
        database = study_database.settings()
        # One study at a time: each uses the machine by itself. Not a pool of Dagster's: killed runs
        # keep their slots, and those who wait for one poll without a pause, deaf to signals.
        with (
            stop_on_signals() as stop,
            turn(database, "studies", stop=stop, tell=context.log.info),
        ):
            summary = run_study(
                settings=settings,
                date_range=date_range,
                sessions=sessions,
                search_space=space,
                fixed_params=fixed_params,
                database=database,
                progress=StudyLog(context, config.progress_seconds),
                stop=stop,
                tell=context.log.info,
            )
        regret = regret_of_study(
            sessions,
            space,
            fixed_params,
            study_best=summary.best_params,
            min_trades=settings.min_trade_threshold,
            n_complete_trials=summary.n_complete,
        )
    return dg.MaterializeResult(
        value={
            **summary.to_json_dict(),
            "date_range": date_range.key,
            "data_fingerprint": data_fingerprint(sessions),
            "settings": settings.model_dump(mode="json"),
            "search_space": space.to_json_dict(),
            "fixed_params": fixed_params,
            "regret": regret.to_json_dict() if regret else None,
        },
        metadata={
            **_numbers(summary),
            **_regret_numbers(regret),
            "sessions": len(sessions),
            "study": summary.study_name,
            "stop_reason": summary.stop_reason,
            "resumed": summary.resumed,
            "warm_started_from": summary.warm_started_from or "none",
            "pruned_by_reason": dict(summary.n_pruned),
            "best_trials": dg.MetadataValue.md(_top_table(summary)),
        },
    )


def _numbers(summary: "StudySummary") -> Mapping[str, dg.MetadataValue]:
    return numbers(
        {
            "return_on_risk_percent": summary.best_value,
            "trials": summary.n_trials,
            "complete": summary.n_complete,
            "pruned": sum(summary.n_pruned.values()),
            "duplicates": sum(summary.n_duplicates.values()),
            "failed": summary.n_failed,
            "evaluated_in_this_run": summary.n_evaluated,
            "seconds": summary.seconds,
            "trials_per_second": summary.trials_per_second,
        }
    )


def _regret_numbers(regret: "Regret | None") -> Mapping[str, dg.MetadataValue]:
    if regret is None:
        return {}
    return {
        **numbers(
            {
                "exact_best_percent": regret.exact_best_percent,
                "regret_percent_points": regret.regret_percent_points,
                "rank": regret.rank,
                "valid_combinations": regret.n_valid,
            }
        ),
        "regret": dg.MetadataValue.text(regret.text),
    }


def _top_table(summary: "StudySummary") -> str:
    """The best trials as Markdown, dimensions with a single value left out."""
    if not summary.top_trials:
        return "no trial is complete"
    names = list(summary.top_trials[0].params)
    rows = [
        [str(t.number), f"{t.value:.2f}", str(t.metrics["total_trades"])]
        + [str(t.params[name]) for name in names]
        for t in summary.top_trials
    ]
    head = ["trial", "return on risk, %", "trades", *names]
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
