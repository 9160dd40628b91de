"""From the results' own JSON forms to the report's views of them.

The results are kept as JSON beside each range; these functions read them by name, so that a report
can be made from what is on disk. What a result does not tell becomes None, never a default.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rorq_pipeline.report.data import (
    OutOfSample,
    Overfitting,
    Verdict,
    VerdictFinding,
    WalkForward,
    WalkForwardStep,
)

Json = Mapping[str, Any]


def verdict_view(verdict: Json) -> Verdict:
    """Read `optimize.statistics.verdict.Verdict.to_json_dict()`."""
    return Verdict(
        label=verdict["decision"],
        sentence=_after_label(str(verdict["line"])),
        findings=[VerdictFinding(**finding) for finding in verdict["findings"]],
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
        loss_fraction=pbo["loss_fraction"],
        median_in_sample_percent=pbo["median_in_sample_percent"],
        median_out_of_sample_percent=pbo["median_out_of_sample_percent"],
        deflated_sharpe_fraction=sharpe["probability_fraction"],
        undeflated_sharpe_fraction=sharpe["undeflated_probability_fraction"],
        daily_sharpe=sharpe["sharpe"],
        expected_max_sharpe=sharpe["benchmark_sharpe"],
        effective_trials=sharpe["effective_trials"],
        spa_p_value_fraction=superior["p_value_fraction"],
        spa_p_value_low_fraction=superior["p_value_lower_fraction"],
        spa_p_value_high_fraction=superior["p_value_upper_fraction"],
        caveat=statistics["caveat"],
    )


def walk_forward_view(result: Json, equity_usd: Sequence[float] = ()) -> WalkForward:
    """Read `optimize.statistics.walk_forward.WalkForward.to_json_dict()` and its equity."""
    interval = result["interval"]
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
