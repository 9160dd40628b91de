"""The asset `parameter_surface`: every combination of the search space, evaluated exactly."""

import time
from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import cluster_link, elapsed, numbers, range_asset, range_of
from rorq_pipeline.checks.common import range_check
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import value_table
from rorq_pipeline.dagster_support.pictures import inline_png
from rorq_pipeline.project.config import SurfaceConfig
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import Surface, Table
from rorq_pipeline.results.validated import load_validated
from strategy.errors import SurfaceTooLargeError

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

_CHECK = "every_combination_evaluated"


@range_asset(
    group="search",
    kinds={"numba", "parquet"},
    code_version="1",
    stage="optimization",
    io_manager_key="surfaces",
    ins={"validated_cache": dg.AssetIn(metadata={"required": False})},
    check_specs=[
        range_check(
            _CHECK,
            asset="parameter_surface",
            description="The search space is small enough to evaluate every combination.",
        )
    ],
    description="All combinations of the search space, evaluated exactly: what the study's best "
    "is measured against. A Parquet file with a row a combination. A search space that is too "
    "large for memory is left to the study, with an estimate of what it would take.",
)
def parameter_surface(
    context: dg.AssetExecutionContext,
    config: SurfaceConfig,
    market_data: MarketData,
    validated_cache: Table | None,
) -> dg.MaterializeResult:
    """Evaluate the search space."""
    from rorq_pipeline.results.surfaces import exact_surface

    started = time.perf_counter()
    date_range = range_of(context)
    with one_line_failures():
        space = config.space()
        sessions, _ = load_validated(market_data, date_range, space, validated_cache)
        try:
            surface = exact_surface(
                space,
                date_range.fixed_params(config.fixed_params),
                sessions,
                market_data.cache_of(date_range.ticker),
                max_bytes=int(config.max_gibibytes * 1024**3),
            )
        except SurfaceTooLargeError as error:
            context.log.warning(str(error))
            return dg.MaterializeResult(
                value=None, metadata={"refused": str(error)}, check_results=[_check(str(error))]
            )
    return dg.MaterializeResult(
        value=surface,
        check_results=[_check(None)],
        metadata={
            **told(surface, config.min_trade_threshold),
            **elapsed(started),
            **cluster_link(),
        },
    )


def told(surface: Surface, min_trades: int) -> dict[str, Any]:
    """Return the metadata of a surface, among the combinations with enough trades."""
    from strategy.surface.plateau import best_plateau

    known = {"combinations": surface.size, "sessions": len(surface.session_dates)}
    best, plateau = surface.best(min_trades), best_plateau(surface, min_trades)
    if best is None:
        none = dg.MetadataValue.md("no combination has enough trades")
        return {**numbers({**known, "valid_combinations": 0}), "best": none}
    return {
        **numbers(
            {
                **known,
                "valid_combinations": best.n_valid,
                "return_on_risk_percent": best.return_on_risk_percent,
                "plateau_return_on_risk_percent": (
                    plateau.return_on_risk_percent if plateau else None
                ),
            }
        ),
        "best": dg.MetadataValue.md(value_table("parameter", best.combination)),
        **_picture(surface, min_trades, best.combination),
    }


def _check(refusal: str | None) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=_CHECK,
        asset_key="parameter_surface",
        passed=refusal is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=refusal or "every combination is evaluated",
    )


def _picture(
    surface: Surface, min_trades: int, chosen: dict[str, Any]
) -> dict[str, dg.MetadataValue]:
    """Where the good combinations lie, over the two dimensions that tell most."""
    from rorq_pipeline.report.key_pictures import surface_picture
    from rorq_pipeline.report.surface_view import surface_view

    view = surface_view(
        surface.space,
        surface.return_on_risk_percent,
        surface.total_trades,
        min_trades=min_trades,
        chosen=chosen,
    )
    png = surface_picture(view)
    return {"surface": inline_png(png, "surface")} if png else {}
