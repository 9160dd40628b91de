"""The checks of `best_params`: what makes a result doubtful though the data is sound."""

from typing import Any

import dagster as dg

from rorq_pipeline.checks.common import range_check, range_checks, selected
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.results.annotations import BestParams

_SPECS = {
    "enough_complete_trials": "The study completed enough trials to be a search.",
    "not_one_trade": "No single trade makes most of the profit.",
    "not_one_day": "No single session makes most of the profit.",
    "stale_fills": "Few fills happened at a stale option price.",
    "entries_lost": "Few entries were lost to contracts without cached bars.",
}
_FOUND = {  # what a check found, in words
    "enough_complete_trials": "the study completed {} trials",
    "not_one_trade": "the best trade made {} of the profit",
    "not_one_day": "the best session made {} of the profit",
    "stale_fills": "{} of the fills happened at a stale price",
    "entries_lost": "{} of the entries were lost to contracts without cached bars",
}


@range_checks(
    name="result_checks",
    specs=[
        range_check(name, asset="best_params", description=description)
        for name, description in _SPECS.items()
    ],
    can_subset=True,
    ins={"best_params": dg.AssetIn("best_params")},
)
def result_checks(
    context: dg.AssetCheckExecutionContext, config: ResultCheckConfig, best_params: BestParams
) -> Any:
    """Hold the published result against the thresholds of the run config."""
    yield from selected(context, judge(best_params, config))


def judge(best: BestParams, config: ResultCheckConfig) -> list[dg.AssetCheckResult]:
    """Return one result a check, each with the figure and its threshold."""
    counts, trades = best.counts, best.metrics.total_trades
    entries = counts.valid_entries
    return [
        _at_least(
            "enough_complete_trials",
            best.n_complete_trials,
            config.min_complete_trials,
            config.complete_trials_severity,
        ),
        _at_most(
            "not_one_trade",
            best.profit_shares.largest_trade_fraction,
            config.max_trade_share_fraction,
            config.single_trade_severity,
        ),
        _at_most(
            "not_one_day",
            best.profit_shares.largest_day_fraction,
            config.max_day_share_fraction,
            config.single_trade_severity,
        ),
        _at_most(
            "stale_fills",
            counts.stale_prices / (2 * trades) if trades else None,
            config.max_stale_fills_fraction,
            config.stale_fills_severity,
        ),
        _at_most(
            "entries_lost",
            counts.missing_contract_data / entries if entries else None,
            config.max_missing_contracts_fraction,
            config.missing_contracts_severity,
        ),
    ]


def _at_least(name: str, value: float, bound: float, severity: str) -> dg.AssetCheckResult:
    return _result(name, value >= bound, value, f"{value:g}", f"at least {bound:g}", severity)


def _at_most(name: str, value: float | None, bound: float, severity: str) -> dg.AssetCheckResult:
    """A figure that cannot be computed, for want of profit or trades, is a warning."""
    found = "" if value is None else _percent(value)
    passed = value is not None and value <= bound
    return _result(name, passed, value, found, f"at most {_percent(bound)}", severity)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3g}%"


def _result(
    name: str, passed: bool, value: float | None, found: str, bound: str, severity: str
) -> dg.AssetCheckResult:
    told = _FOUND[name].format(found) if found else "not defined"
    return dg.AssetCheckResult(
        check_name=name,
        asset_key="best_params",
        passed=passed,
        severity=dg.AssetCheckSeverity["WARN" if value is None else severity],
        description=f"{told}; expected {bound}",
        metadata={"expected": bound} | ({} if value is None else {"value": float(value)}),
    )
