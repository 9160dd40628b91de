"""The checks that warn where a result may be luck, on the evidence that the verdict looks at."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.checks.common import range_check, range_checks, selected
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.project.config import config_from, settings_values
from rorq_pipeline.results.annotations import OutOfSampleEvidence, SelectionEvidence, VerdictRecord

if TYPE_CHECKING:
    LuckConfig = dg.Config
else:
    LuckConfig = config_from(VerdictSettings, "LuckConfig")

_SELECTION = "selection_statistics"
_EARNS = "earns_out_of_sample"
_WORTH = "worth_trading"
_SPECS = {
    "overfitting": "The in-sample winner seldom ranks at or below the median out of sample.",
    "deflated_sharpe": "The Sharpe ratio is beyond what the number of trials explains.",
    "superior_ability": "Some combination beats not trading, with their number accounted for.",
}


@range_checks(
    name="selection_checks",
    specs=[
        range_check(name, asset=_SELECTION, description=description)
        for name, description in _SPECS.items()
    ],
    can_subset=True,
    ins={_SELECTION: dg.AssetIn(_SELECTION)},
)
def selection_checks(
    context: dg.AssetCheckExecutionContext,
    config: LuckConfig,
    selection_statistics: SelectionEvidence,
) -> Any:
    """Hold the statistics against the limits; all severities are WARN."""
    with one_line_failures():
        limits = VerdictSettings(**settings_values(config, VerdictSettings))
    yield from selected(context, selection_results(selection_statistics, limits))


def selection_results(
    evidence: SelectionEvidence, limits: VerdictSettings
) -> list[dg.AssetCheckResult]:
    """Return one result a statistic, with the uncertainty of the estimate."""
    pbo = evidence.statistics.overfitting
    sharpe, tested = evidence.statistics.deflated_sharpe, evidence.selection_test
    caveat = evidence.caveat
    return [
        _result(
            "overfitting",
            pbo.probability_fraction,
            f"at most {limits.overfitting_to_trade:g}",
            lambda found: found <= limits.overfitting_to_trade,
            caveat,
            asdict(pbo),
        ),
        _result(
            "deflated_sharpe",
            sharpe.probability_fraction,
            f"at least {limits.deflated_sharpe_to_trade:g}",
            lambda found: found >= limits.deflated_sharpe_to_trade,
            caveat,
            asdict(sharpe),
        ),
        _result(
            "superior_ability",
            tested.superior_ability_p_value_fraction if tested else None,
            f"at most {limits.superior_ability_to_trade:g}",
            lambda found: found <= limits.superior_ability_to_trade,
            caveat,
            {name: getattr(tested, name) for name in ("n_combinations", "n_blocks", "n_draws")}
            if tested
            else {},
        ),
    ]


def _result(
    name: str, found: float | None, bound: str, holds: Any, caveat: str, figures: Mapping[str, Any]
) -> dg.AssetCheckResult:
    """A figure that is not known fails the check: nothing then speaks against luck."""
    told = "not known" if found is None else f"{found:.2f}"
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=_SELECTION,
        passed=found is not None and bool(holds(found)),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{told}; expected {bound}. {caveat}",
        metadata={
            "expected": bound,
            **{key: value for key, value in figures.items() if value is not None},
        },
    )


@range_checks(
    name="earns_out_of_sample",
    specs=[
        range_check(
            _EARNS,
            asset="out_of_sample",
            description="The published parameters earn on the sessions after the range.",
        )
    ],
    ins={"out_of_sample": dg.AssetIn("out_of_sample")},
)
def earns_out_of_sample(out_of_sample: OutOfSampleEvidence) -> Any:
    """Warn when what follows speaks against the choice, and while nothing is known of it."""
    yield outside_result(out_of_sample)


@range_checks(
    name="worth_trading",
    specs=[
        range_check(
            _WORTH,
            asset="verdict",
            description="The verdict is trade; watch and reject are warnings, with their reasons.",
        )
    ],
    ins={"verdict": dg.AssetIn("verdict")},
)
def worth_trading(verdict: VerdictRecord) -> Any:
    """Keep a range that is not to be traded from looking like one that is."""
    yield verdict_result(verdict)


def verdict_result(record: VerdictRecord) -> dg.AssetCheckResult:
    """Pass on the decision as a check's outcome."""
    reached = record.verdict
    return dg.AssetCheckResult(
        check_name=_WORTH,
        asset_key="verdict",
        passed=reached.decision == "trade",
        severity=dg.AssetCheckSeverity.WARN,
        description=reached.line,
        metadata={"decision": reached.decision},
    )


def outside_result(outside: OutOfSampleEvidence) -> dg.AssetCheckResult:
    """Judge what came of the sessions that follow."""
    traded = outside.traded
    value, n_sessions = traded.return_on_risk_percent, len(traded.sessions)
    interval = traded.intervals.get("return_on_risk_percent")
    described = outside.status
    if value is not None:
        described = f"return on risk {value:.2f}% on {n_sessions} sessions"
    if interval is not None:
        described += f", interval {interval.low:.2f} to {interval.high:.2f}%"
    return dg.AssetCheckResult(
        check_name=_EARNS,
        asset_key="out_of_sample",
        passed=value is not None and value > 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=described,
        metadata={
            "sessions": n_sessions,
            "sessions_to_come": outside.n_to_come,
            **({} if value is None else {"return_on_risk_percent": value}),
        },
    )
