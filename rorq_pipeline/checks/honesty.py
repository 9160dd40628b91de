"""The proofs of `best_params`: no look-ahead, a replay by the reference engine, and the fills."""

from typing import Any

import dagster as dg

from rorq_pipeline.checks.common import range_check, selected
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.proofs import keep_proofs, prove
from strategy.backtest_range import BacktestRange


@dg.multi_asset_check(
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
    ],
    can_subset=True,
    ins={"best_params": dg.AssetIn("best_params")},
)
def proofs(
    context: dg.AssetCheckExecutionContext, market_data: MarketData, best_params: dict[str, Any]
) -> Any:
    """Make the proofs, keep them, and tell."""
    date_range = BacktestRange.parse(best_params["date_range"])
    with one_line_failures():
        made = prove(best_params, market_data, date_range)
    keep_proofs(made, date_range)
    yield from selected(context, proof_results(made))


def proof_results(made: dict[str, Any]) -> list[dg.AssetCheckResult]:
    """Return one result a proof."""
    return [
        _proof("no_look_ahead", made["look_ahead"]),
        _proof("replay", made["replay"]),
        _fills(made["fills"]),
    ]


def _proof(name: str, told: dict[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key="best_params",
        passed=told["passed"],
        severity=dg.AssetCheckSeverity.ERROR,
        description=told["summary"],
        metadata={key: value for key, value in told.items() if key.startswith("n_")},
    )


def _fills(fills: dict[str, Any]) -> dg.AssetCheckResult:
    from strategy.proofs.fill_scenarios import ADVERSE

    values = {one["name"]: one["metrics"]["return_on_risk_percent"] for one in fills["scenarios"]}
    adverse = values[ADVERSE]
    found = "no trade" if adverse is None else f"return on risk {adverse:.2f} %"
    return dg.AssetCheckResult(
        check_name="adverse_fills",
        asset_key="best_params",
        passed=adverse is not None and adverse > 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found} under adverse fills; expected above 0",
        metadata={
            "scenarios": dg.MetadataValue.md(_scenarios_table(fills["scenarios"])),
            **{k: v for k, v in fills["profit_shares"].items() if v is not None},
        },
    )


def _scenarios_table(scenarios: list[dict[str, Any]]) -> str:
    rows = []
    for one in scenarios:
        value, trades = one["metrics"]["return_on_risk_percent"], one["metrics"]["total_trades"]
        told = "" if value is None else f"{value:.2f}"
        rows.append(f"| {one['name']} | {one['description']} | {told} | {trades} |")
    head = "| fills | meaning | return on risk, % | trades |\n|---|---|---:|---:|"
    return "\n".join([head, *rows])
