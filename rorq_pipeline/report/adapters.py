"""From the results' own JSON forms to the report's views of them.

The results are kept as JSON beside each range; these functions read them by name, so that a report
can be made from what is on disk. What a result does not tell becomes None, never a default.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rorq_pipeline.report.data import (
    CheckOutcome,
    FillsBand,
    FillScenario,
    OutOfSample,
    Overfitting,
    Verdict,
    VerdictFinding,
    WalkForward,
    WalkForwardStep,
)

Json = Mapping[str, Any]
_PROFIT_SHARES = {  # name -> words that follow "profit"
    "thin_bars_fraction": "from bars of one or two trades",
    "stale_prices_fraction": "from stale prices",
    "best_trade_fraction": "from the best trade",
    "best_day_fraction": "from the best day",
}


def evidence_fields(
    *,
    out_of_sample: Json | None = None,
    selection_statistics: Json | None = None,
    verdict: Json | None = None,
    proofs: Json | None = None,
) -> dict[str, Any]:
    """Fields of `ReportData` from what the assets of these names keep; each may be missing."""
    fields: dict[str, Any] = {"absent": {}}
    if out_of_sample is not None:
        fields["out_of_sample"] = out_of_sample_view(out_of_sample)
    if selection_statistics is not None and selection_statistics.get("absent"):
        fields["absent"]["overfitting"] = str(selection_statistics["absent"])
    elif selection_statistics is not None:
        fields["overfitting"] = overfitting_view(selection_statistics)
    if verdict is not None:
        fields["verdict"] = verdict_view(verdict)
    if proofs is not None:
        fields["fills"] = fills_view(proofs["fills"])
    return fields


def verdict_view(verdict: Json) -> Verdict:
    """Read `optimize.statistics.verdict.Verdict.to_json_dict()`."""
    return Verdict(
        label=verdict["decision"],
        sentence=_after_label(str(verdict["line"])),
        findings=[VerdictFinding(**finding) for finding in verdict["findings"]],
        limits=verdict.get("limits", {}),
    )


def out_of_sample_view(result: Json) -> OutOfSample:
    """Read `optimize.statistics.out_of_sample.OutOfSample.to_json_dict()`."""
    sessions = result["sessions"]
    intervals = result["intervals"]
    confidence = next((i["confidence_fraction"] for i in intervals.values()), 0.95)
    return OutOfSample(
        sessions=[date.fromisoformat(day) for day in sessions["dates"]],
        n_sessions_wanted=result["n_wanted"],
        n_sessions_missing=result["n_missing"],
        metrics=result["metrics"] or {},
        intervals={name: (i["low"], i["high"]) for name, i in intervals.items()},
        confidence_percent=100 * confidence,
        daily_pnl_usd=sessions["net_pnl_usd"],
        status=str(result["status"]),
        by_selection_percent={
            name: one["return_on_risk_percent"]
            for name, one in result.get("selections", {}).items()
        },
    )


def overfitting_view(statistics: Json) -> Overfitting:
    """Read `optimize.statistics.selection.SelectionStatistics.to_json_dict()`."""
    pbo, sharpe = statistics["overfitting"], statistics["deflated_sharpe"]
    superior = statistics["superior_ability"]
    return Overfitting(
        n_sessions=pbo["n_sessions"],
        n_blocks=pbo["n_blocks"],
        n_splits=pbo["n_splits"],
        n_trials=pbo["n_trials"],
        pbo_fraction=pbo["probability_fraction"],
        pbo_low_fraction=pbo["interval_low_fraction"],
        pbo_high_fraction=pbo["interval_high_fraction"],
        after_costs_fraction=pbo.get("after_costs_fraction"),
        loss_fraction=pbo["loss_fraction"],
        median_in_sample_percent=pbo["median_in_sample_percent"],
        median_out_of_sample_percent=pbo["median_out_of_sample_percent"],
        deflated_sharpe_fraction=sharpe["probability_fraction"],
        undeflated_sharpe_fraction=sharpe["undeflated_probability_fraction"],
        daily_sharpe=sharpe["sharpe"],
        expected_max_sharpe=sharpe["benchmark_sharpe"],
        effective_trials=sharpe["effective_trials"],
        spa_p_value_fraction=superior["p_value_fraction"],
        spa_n_tested=superior["n_tested"],
        spa_p_value_low_fraction=superior["p_value_lower_fraction"],
        spa_p_value_high_fraction=superior["p_value_upper_fraction"],
        caveat=statistics["caveat"],
    )


def fills_view(band: Json) -> FillsBand:
    """Read `strategy.proofs.fill_scenarios.FillsBand.as_dict()`."""
    return FillsBand(
        scenarios=[
            FillScenario(
                name=one["name"].replace("_", " ").capitalize(),
                description=one["description"],
                metrics=one["metrics"],
            )
            for one in band["scenarios"]
        ],
        profit_shares_fraction={
            words: band["profit_shares"][name] for name, words in _PROFIT_SHARES.items()
        },
    )


def proof_checks(proofs: Json) -> list[CheckOutcome]:
    """Read the proofs of a published result: no look-ahead, and the replay."""
    return [
        CheckOutcome(name=name, passed=proofs[name]["passed"], sentence=proofs[name]["summary"])
        for name in ("look_ahead", "replay")
    ]


def walk_forward_view(result: Json, equity_usd: Sequence[float] | None = None) -> WalkForward:
    """Read `optimize.statistics.walk_forward.WalkForward.to_json_dict()` and its equity.

    Without `equity_usd` the equity is the result's own item of that name, as is what was left out.
    """
    interval = result["interval"]
    equity_usd = result.get("equity_usd", ()) if equity_usd is None else equity_usd
    return WalkForward(
        steps=[_step(step) for step in result["steps"]],
        equity_usd=[float(value) for value in equity_usd],
        return_on_risk_percent=result["return_on_risk_percent"],
        efficiency_fraction=result["efficiency_ratio"],
        profitable_steps_fraction=result["profitable_steps_fraction"],
        max_drawdown_usd=result["max_drawdown_usd"],
        interval_percent=(interval["low"], interval["high"]) if interval else None,
        unchanged_fraction={
            name: stability["unchanged_fraction"] for name, stability in result["stability"].items()
        },
        left_out=result.get("left_out", ()),
    )


def _step(step: Json) -> WalkForwardStep:
    return WalkForwardStep(
        chosen_in=step["chosen_in"],
        traded_in=step["traded_in"],
        in_sample_return_on_risk_percent=step["in_sample_return_on_risk_percent"],
        out_of_sample_return_on_risk_percent=step["return_on_risk_percent"],
        total_trades=step["total_trades"],
        net_pnl_usd=step["net_pnl_usd"],
    )


def _after_label(line: str) -> str:
    """The reasons of "watch [synthetic data]: reason; reason", as a sentence."""
    _, _, reasons = line.partition(": ")
    text = (reasons or line).strip()
    return f"{text[:1].upper()}{text[1:]}."
