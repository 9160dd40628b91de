"""How the statistics and the verdict behave on data without an edge and with one, by choice.

    python design/statistics_calibration.py simulate figures.jsonl --edge 0 --data-sets 100
    python design/statistics_calibration.py simulate figures.jsonl --edge 2 --data-sets 100
    python design/statistics_calibration.py tell figures.jsonl > design/statistics_calibration.md

Quicker than `design/null_calibration.py`, which runs the whole chain, and with other choices than
the study's.

Each data set is a fresh range of synthetic sessions, with the sessions that follow it, made in
memory. The whole seed grid is evaluated, one combination is chosen, and judged with everything that
the verdict looks at; the selection statistics look at 60,000 distinct trials, drawn at random.
`simulate` appends a line a data set and goes on where it stopped; `tell` judges again from those
lines, so that other limits can be tried without simulating again.

Three choices are judged: the exact best of the grid, which overfits most; the best of 200 random
combinations, which overfits less than a study of 200 trials; and the exact best among combinations
with 30 trades or more, which the verdict asks for before it says `trade`. The two proofs of the
engine (look-ahead, replay) are no matter of chance and are taken as passed.

Without an edge every combination loses its costs, and those that risk little a trade lose most of
their risk and win halves by their noise. The probability of overfitting therefore ranks by return
on risk before costs; what it would be with costs in the ranks is told below it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from optimize.statistics import (
    Evidence,
    deflated_sharpe,
    judge,
    out_of_sample,
    probability_of_overfitting,
    superior_ability,
    surface_trials,
    trade_sessions,
    trial_spread,
)
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.proofs.fill_scenarios import ADVERSE, fills_band
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.compute import compute_surface
from strategy.surface.result import Surface

FIRST_DAY, LAST_DAY = date(2023, 1, 3), date(2023, 6, 30)
MIN_TRADES = 10
MANY_TRADES = 30
STUDY_TRIALS = 200
DRAWN_TRIALS = 60_000  # of those that the statistics look at, to save time
DECISIONS = ("trade", "watch", "reject")


def simulate(seed: int, edge: float, n_sessions: int, n_following: int) -> dict[str, Any]:
    """Judge one data set; return the evidence of each choice."""
    days = sessions_between(FIRST_DAY, LAST_DAY)[: n_sessions + n_following]
    settings = SampleSettings(seed=seed, edge=edge)
    made = [sample_session(day, settings) for day in days]
    inside, after = made[:n_sessions], made[n_sessions:]
    surface = compute_surface(SearchSpace.seed(), None, inside, workers=1)
    choices = {}
    for min_trades in (MIN_TRADES, MANY_TRADES):
        trials = surface_trials(surface, min_trades).sample(DRAWN_TRIALS, seed)
        common = {
            "overfitting": probability_of_overfitting(trials, seed=seed),
            "spread": trial_spread(trials, seed=seed),
            "superior": superior_ability(trials, seed=seed),
        }
        for name, index in chosen(surface, min_trades, seed).items():
            choices[name] = choice_of(index, inside, after, common)
    return {
        "seed": seed,
        "edge": edge,
        "n_sessions": n_sessions,
        "n_following": n_following,
        "choices": choices,
    }


def chosen(surface: Surface, min_trades: int, seed: int) -> dict[str, int]:
    """Index of each choice's combination, by the name of the choice."""
    objective = surface.objective(min_trades).ravel()
    valid = np.flatnonzero(~np.isnan(objective))
    best = int(valid[np.argmax(objective[valid])])
    if min_trades == MANY_TRADES:
        return {f"exact best with {MANY_TRADES} trades or more": best}
    tried = np.random.default_rng(seed).choice(valid, STUDY_TRIALS, replace=False)
    return {
        "exact best": best,
        f"best of {STUDY_TRIALS} random": int(tried[np.argmax(objective[tried])]),
    }


def choice_of(
    index: int, inside: list[SessionData], after: list[SessionData], common: dict[str, Any]
) -> dict[str, Any]:
    """Trade one combination in and after the range, and collect what speaks for it or against."""
    space = SearchSpace.seed()
    params = space.strategy_params(space.combination(index), {})
    metrics, sums = trade_sessions(params, inside)
    sharpe = deflated_sharpe(sums.net_pnl_usd, common["spread"])
    overfitting = common["overfitting"]
    outside = out_of_sample(
        params,
        after,
        in_sample_return_on_risk_percent=metrics.return_on_risk_percent,
        n_wanted=len(inside),
    )
    interval = outside.intervals.get("return_on_risk_percent")
    evidence = Evidence(
        total_trades=metrics.total_trades,
        return_on_risk_percent=metrics.return_on_risk_percent,
        overfitting_fraction=overfitting.probability_fraction,
        loss_fraction=overfitting.loss_fraction,
        deflated_sharpe_fraction=sharpe.probability_fraction,
        superior_ability_p_value=common["superior"].p_value_fraction,
        out_of_sample_traded_sessions=int((outside.sessions.trades > 0).sum()),
        out_of_sample_return_on_risk_percent=outside.return_on_risk_percent,
        out_of_sample_low_percent=interval.low if interval else None,
        out_of_sample_high_percent=interval.high if interval else None,
        adverse_fills_return_on_risk_percent=fills_band(params, inside)[
            ADVERSE
        ].return_on_risk_percent,
        no_look_ahead=True,
        replay_agrees=True,
        synthetic=True,
    )
    return {
        "evidence": asdict(evidence),
        "after_costs_fraction": overfitting.after_costs_fraction,
        "standard_error_fraction": overfitting.standard_error_fraction,
        "out_of_sample_trades": outside.metrics.total_trades if outside.metrics else 0,
        "published_deflated_sharpe": sharpe.published_probability_fraction,
        "effective_trials": sharpe.effective_trials,
    }


def tell(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the figures as Markdown."""
    yield "# Calibration of the statistics\n"
    yield "Made by `design/statistics_calibration.py`, which says how, with the default limits."
    for edge in sorted({line["edge"] for line in lines}):
        group = [line for line in lines if line["edge"] == edge]
        first = group[0]
        yield f"\n## Edge {edge:g}: {len(group)} data sets\n"
        yield f"{first['n_sessions']} sessions to search, {first['n_following']} that follow."
        for name in first["choices"]:
            yield from tell_choice(name, [line["choices"][name] for line in group])


def tell_choice(name: str, choices: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one choice's table."""
    evidence = [Evidence(**choice["evidence"]) for choice in choices]
    verdicts = [judge(item) for item in evidence]
    counts = {d: sum(v.decision == d for v in verdicts) for d in DECISIONS}
    yield f"\n### {name}\n"
    yield "Verdicts: " + ", ".join(f"{n} {decision}" for decision, n in counts.items()) + ".\n"
    yield "| figure | mean | standard deviation | 5 % | median | 95 % | not known |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    columns = {
        "probability of overfitting": [e.overfitting_fraction for e in evidence],
        "the same, ranked after costs": [c["after_costs_fraction"] for c in choices],
        "its standard error by jackknife": [c["standard_error_fraction"] for c in choices],
        "winners of splits that lose": [e.loss_fraction for e in evidence],
        "deflated Sharpe probability": [e.deflated_sharpe_fraction for e in evidence],
        "the same as published": [c["published_deflated_sharpe"] for c in choices],
        "effective trials": [c["effective_trials"] for c in choices],
        "p-value against not trading": [e.superior_ability_p_value for e in evidence],
        "return on risk, %": [e.return_on_risk_percent for e in evidence],
        "under adverse fills, %": [e.adverse_fills_return_on_risk_percent for e in evidence],
        "out of sample, %": [e.out_of_sample_return_on_risk_percent for e in evidence],
        "trades": [e.total_trades for e in evidence],
        "trades out of sample": [c["out_of_sample_trades"] for c in choices],
    }
    for figure, values in columns.items():
        known = np.array([value for value in values if value is not None])
        low, middle, high = np.percentile(known, [5, 50, 95]) if len(known) else [np.nan] * 3
        yield (
            f"| {figure} | {known.mean():.2f} | {known.std():.2f} | {low:.2f} | {middle:.2f} "
            f"| {high:.2f} | {len(values) - len(known)} |"
        )
    yield "\n| finding | good | doubtful | bad | unknown |"
    yield "|---|---:|---:|---:|---:|"
    for row in zip(*(verdict.findings for verdict in verdicts), strict=True):
        levels = [finding.level for finding in row]
        shares = [levels.count(level) for level in ("good", "doubtful", "bad", "unknown")]
        yield f"| {row[0].name} | " + " | ".join(map(str, shares)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("simulate", "tell"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--edge", type=float, default=0.0)
    parser.add_argument("--data-sets", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=21)
    parser.add_argument("--following", type=int, default=21)
    args = parser.parse_args()
    text = args.file.read_text(encoding="utf-8") if args.file.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    if args.what == "tell":
        sys.stdout.writelines(f"{line}\n" for line in tell(lines))
        return
    done = {(line["edge"], line["seed"]) for line in lines}
    for seed in range(args.first_seed, args.first_seed + args.data_sets):
        if (args.edge, seed) in done:
            continue
        line = simulate(seed, args.edge, args.sessions, args.following)
        with args.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
