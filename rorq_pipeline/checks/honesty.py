"""The proofs of `best_params`: no look-ahead, a replay by the reference engine, and the fills."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg

from rorq_pipeline.checks.common import range_check, range_checks, selected
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import markdown_table
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import BestParams, Proofs
from strategy.backtest_range import BacktestRange

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_checks(
    name="proofs",
    specs=[
        range_check(
            "no_look_ahead",
            asset="best_params",
            description="With everything after a moment replaced by noise, every decision made by "
            "then stays as it was.",
        ),
        range_check(
            "replay",
            asset="best_params",
            blocking=True,
            description="The reference engine, in plain Python and from the stored form, gives the "
            "same trades and the same objective.",
        ),
        range_check(
            "adverse_fills",
            asset="best_params",
            description="The result still earns with twice the slippage and latency, at the worse "
            "side of each bar.",
        ),
        range_check(
            "survives_quotes",
            asset="best_params",
            description="The result still earns when every fill is at the ask and the bid of its "
            "second.",
        ),
    ],
    can_subset=True,
    ins={"best_params": dg.AssetIn("best_params")},
)
def proofs(
    context: dg.AssetCheckExecutionContext, market_data: MarketData, best_params: BestParams
) -> Any:
    """Make the proofs, keep them, and tell."""
    from rorq_pipeline.results.proofs import keep_proofs, prove

    date_range = BacktestRange.parse(best_params.date_range)
    with one_line_failures():
        made = prove(best_params, market_data, date_range)
    keep_proofs(made, date_range)
    yield from selected(context, proof_results(made))


def proof_results(made: Proofs) -> list[dg.AssetCheckResult]:
    """Return one result a proof."""
    look_ahead, replay = made.look_ahead, made.replay
    moments = {"n_moments": look_ahead.n_moments, "n_decisions": look_ahead.n_decisions}
    return [
        _proof("no_look_ahead", look_ahead.passed, look_ahead.summary(), moments),
        _proof("replay", replay.matches, replay.summary(), {"n_trades": replay.n_trades}),
        _fills(made),
        _quotes(made),
    ]


def _proof(name: str, passed: bool, summary: str, counts: Mapping[str, int]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key="best_params",
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=summary,
        metadata=dict(counts),
    )


def _fills(made: Proofs) -> dg.AssetCheckResult:
    from strategy.proofs.fill_scenarios import ADVERSE

    adverse = made.fills[ADVERSE].return_on_risk_percent
    found = "no trade" if adverse is None else f"return on risk {adverse:.2f}%"
    return dg.AssetCheckResult(
        check_name="adverse_fills",
        asset_key="best_params",
        passed=adverse is not None and adverse > 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found} under adverse fills; expected above 0",
        metadata={"scenarios": dg.MetadataValue.md(_scenarios_table(made))},
    )


def _quotes(made: Proofs) -> dg.AssetCheckResult:
    quotes = made.fills.quotes
    metadata = {}
    if quotes is None:
        told, value = "no quotes of these fills; `rorq quotes RANGE` brings them", None
    else:
        value = quotes.return_on_risk_percent
        found = "return on risk not known" if value is None else f"return on risk {value:.2f}%"
        told = f"{found} at quotes; expected above 0; {quotes.summary()}"
        metadata = {k: v for k, v in asdict(quotes).items() if isinstance(v, int | float)}
    return dg.AssetCheckResult(
        check_name="survives_quotes",
        asset_key="best_params",
        passed=value is not None and value > 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata=metadata,
    )


def _scenarios_table(made: Proofs) -> str:
    return markdown_table(
        ("fills", "meaning", "return on risk, %#", "trades#"),
        [
            (
                one.name,
                one.description,
                _percent(one.metrics.return_on_risk_percent),
                one.metrics.total_trades,
            )
            for one in made.fills.scenarios
        ],
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
