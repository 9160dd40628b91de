"""The best parameters, with the ways of choosing them side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from optimize.choice.candidates import Candidate, Selection
from optimize.choice.rules import min_trades_of
from optimize.verdict_settings import SESSIONS_A_MONTH
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.formats import METRIC_TITLES
from rorq_pipeline.report.risk import annual_sharpe
from rorq_pipeline.report.section import Section
from rorq_pipeline.results.models import Combination
from strategy.metrics import Metrics

SELECTION_TITLES: Mapping[str, tuple[str, str]] = {
    "study_best": ("Study best", "best trial of the Optuna study"),
    "exact_best": ("Exact best", "best of those with enough trades"),
    "plateau": ("Plateau", "best mean of its neighbours"),
    "lower_bound": ("Lower bound", "best after one standard error"),
    "smooth": ("Smooth", "best together with its neighbours"),
    "nested": ("Nested", "by the way that earned most so far"),
}


MAXIMISED = {
    "study_best": "The published choice has the highest return on risk that the study found",
    "exact_best": "The published choice has the highest return on risk of all with enough trades",
    "plateau": "The published choice has the highest mean return on risk of its neighbourhood",
    "lower_bound": "The published choice has the highest return on risk less a standard error",
    "smooth": "The published choice has the highest return on risk together with its neighbours",
    "nested": "The published choice was made the way that earned most in the months before",
}


def parameters_section(data: ReportData) -> Section:
    """One column a combination that was chosen; without any, one for the published parameters."""
    columns = _columns(data)
    return Section(
        id="parameters",
        title="Best parameters",
        context={
            "regret": data.best.regret,
            "fallback": data.best.fallback,
            "min_trades": data.optimization.settings.min_trade_threshold,  # of what has a rank
            "rule_min_trades": min_trades_of(
                data.best.min_trades_per_session, data.best.n_sessions
            ),
            "columns": columns,
            "rows": _rows(columns),
            "metric_names": list(METRIC_TITLES),
            "fixed": data.best.fixed_params,
            "has_promises": bool(data.best.selections),
            "has_places": data.best.regret is not None,
            "money": _money(columns, data.best.n_sessions),
            "maximised": MAXIMISED.get(data.best.selection, ""),
            "has_outside": any(column["outside"] for column in columns),
        },
    )


def _columns(data: ReportData) -> list[dict[str, Any]]:
    best = data.best
    outside = data.out_of_sample.selections if data.out_of_sample and data.outside else {}
    shown: dict[Selection, tuple[Candidate | None, Combination, Metrics]] = {
        name: (one.candidate, one.candidate.combination, one.metrics)
        for name, one in best.selections.items()
    } or {best.selection: (None, best.trial_params, best.metrics)}
    columns: list[dict[str, Any]] = []
    for name, (place, combination, metrics) in shown.items():
        title, meaning = SELECTION_TITLES[name]
        is_published = name == best.selection
        promised = [place.promised_percent] if place else []
        same = next((one for one in columns if one["combination"] == combination), None)
        if same is None:
            columns.append(
                {
                    "title": title,
                    "meaning": meaning,
                    "is_published": is_published,
                    "place": place,
                    "combination": combination,
                    "metrics": metrics,
                    "promised": promised,
                    "outside": outside.get(name),
                }
            )
        else:
            same["title"] += f", {title.lower()}"
            same["meaning"] += f"; {meaning}"
            same["promised"] += promised
            same["is_published"] |= is_published
    return sorted(columns, key=lambda one: not one["is_published"])  # a phone shows the first


def _money(columns: Sequence[Mapping[str, Any]], n_sessions: int) -> list[dict[str, Any]]:
    """What rules rank differently by: return on risk, money and the yearly Sharpe ratio."""
    return [
        {
            "usd_a_month": column["metrics"].net_pnl_usd / n_sessions * SESSIONS_A_MONTH,
            "sharpe": annual_sharpe(column["metrics"].daily_sharpe),
        }
        for column in columns
    ]


def _rows(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a dimension, saying which columns differ from the published one, the first."""
    combinations = [one["combination"] for one in columns]
    reference = combinations[0]
    names = list(dict.fromkeys(name for one in combinations for name in one))
    return [
        {
            "name": name,
            "cells": [
                {"value": one.get(name), "differs": one.get(name) != reference.get(name)}
                for one in combinations
            ],
        }
        for name in names
    ]
