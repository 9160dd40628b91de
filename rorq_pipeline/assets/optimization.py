"""The asset `optimization`: the study of one range, kept in PostgreSQL and resumed by every run."""

from typing import Any

import dagster as dg

from optimize.signals import stop_on_signals
from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import markdown_table
from rorq_pipeline.dagster_support.progress import StudyLog
from rorq_pipeline.project.config import OptimizationConfig
from rorq_pipeline.project.page_addresses import DASHBOARD_ADDRESS
from rorq_pipeline.project.resources import MarketData, StudyDatabase
from rorq_pipeline.results.annotations import Optimization, Table
from rorq_pipeline.results.validated import load_validated
from strategy.session import data_fingerprint

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="search",
    kinds={"optuna", "postgres"},
    code_version="1",
    stage="optimization",
    io_manager_key="results",
    ins={"validated_cache": dg.AssetIn(metadata={"required": False})},
    description="An Optuna study over the search space, on validated sessions only. Trials are "
    "kept as they complete, so that a run goes on where the last one ended.",
)
def optimization(
    context: dg.AssetExecutionContext,
    config: OptimizationConfig,
    market_data: MarketData,
    study_database: StudyDatabase,
    validated_cache: Table | None,
) -> dg.MaterializeResult:
    """Run or resume the study."""
    from optimize.run_study import run_study
    from optimize.storage.driver import turn
    from rorq_pipeline.results import models

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
    made = models.Optimization(
        date_range=date_range.key,
        study=summary,
        settings=settings,
        search_space=space,
        fixed_params=fixed_params,
        data_fingerprint=data_fingerprint(sessions),
    )
    return dg.MaterializeResult(value=made, metadata={**told(made), "sessions": len(sessions)})


def told(made: Optimization) -> dict[str, Any]:
    """Return the metadata of a study."""
    study = made.study
    return {
        **numbers(
            {
                "return_on_risk_percent": study.best_value,
                "trials": study.n_trials,
                "complete": study.n_complete,
                "pruned": sum(study.n_pruned.values()),
                "duplicates": sum(study.n_duplicates.values()),
                **{f"duplicates_{name}": n for name, n in study.n_duplicates.items()},
                "failed": study.n_failed,
                "evaluated_in_this_run": study.n_evaluated,
                "seconds": study.seconds,
                "trials_per_second": study.trials_per_second,
            }
        ),
        "study": study.study_name,
        "optuna_dashboard": dg.MetadataValue.url(DASHBOARD_ADDRESS),
        "stop_reason": study.stop_reason,
        "resumed": study.resumed,
        "warm_started_from": study.warm_started_from or "none",
        "pruned_by_reason": study.n_pruned,
        "best_trials": dg.MetadataValue.md(_top_table(made)),
    }


def _top_table(made: Optimization) -> str:
    """The best trials as Markdown."""
    top, names = made.study.top_trials, made.search_space.names
    if not top:
        return "no trial is complete"
    return markdown_table(
        ["trial#", "return on risk, %#", "trades#", *(f"{name}#" for name in names)],
        [
            [t.number, f"{t.value:.2f}", t.metrics["total_trades"], *(t.params[n] for n in names)]
            for t in top
        ],
    )
