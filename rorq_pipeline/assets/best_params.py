"""The asset `best_params`: the parameters to trade, with everything needed to trade them."""

from dataclasses import asdict
from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import markdown_table, value_table
from rorq_pipeline.project.config import SelectionConfig
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import BestParams, Optimization, Surface

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="results",
    kinds={"json", "python"},
    code_version="1",
    stage="selection",
    io_manager_key="results",
    ins={"parameter_surface": dg.AssetIn(metadata={"required": False})},
    description="The best parameters with their metrics, traded once more on the sessions that "
    "the study saw: a JSON file that a trading program can read. What the study found and what "
    "each rule of choice takes stand side by side; which one is published is run config.",
)
def best_params(
    context: dg.AssetExecutionContext,
    config: SelectionConfig,
    market_data: MarketData,
    optimization: Optimization,
    parameter_surface: Surface | None,
) -> dg.MaterializeResult:
    """Publish the best parameters."""
    from rorq_pipeline.results.history import keep_publication
    from rorq_pipeline.results.published import publish

    with one_line_failures():
        best = publish(
            optimization,
            market_data,
            range_of(context),
            selection=config.selection,
            min_trades_per_session=config.min_trades_per_session,
            surface=parameter_surface,
        )
        number = keep_publication(best, optimization, market_data, run_id=context.run.run_id)
    if best.fallback:
        context.log.warning(best.fallback)
    return dg.MaterializeResult(value=best, metadata={**told(best), "publication": number})


def told(best: BestParams) -> dict[str, Any]:
    """Return the metadata of what is published."""
    return {
        **numbers({**asdict(best.metrics), **asdict(best.counts), "trial": best.trial_number}),
        **_regret(best),
        "selection": best.selection,
        **({"fallback": best.fallback} if best.fallback else {}),
        "selections": dg.MetadataValue.md(_selections_table(best)),
        **numbers({"promised_percent": best.promised_percent}),
        **numbers({"entries_lost": best.counts.entries_lost}),
        **numbers(asdict(best.profit_shares)),
        "parameters": dg.MetadataValue.md(value_table("parameter", best.trial_params)),
        "source": best.source,
        "study": best.study_name,
    }


def _regret(best: BestParams) -> dict[str, dg.MetadataValue]:
    regret = best.regret
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


def _selections_table(best: BestParams) -> str:
    head = (
        "selection", "promised, %#", "return on risk, %#", "trades#", "rank#",
        "neighbours' mean, %#", "worst, %#",
    )  # fmt: skip
    places = [(name, one.candidate) for name, one in best.selections.items()]
    return markdown_table(
        head,
        [
            (
                name,
                _percent(place.promised_percent),
                _percent(place.return_on_risk_percent),
                place.total_trades,
                "none" if place.rank is None else f"{place.rank:,} of {place.n_valid:,}",
                _percent(place.neighbours_mean_percent),
                _percent(place.neighbours_worst_percent),
            )
            for name, place in places
        ],
    )


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
