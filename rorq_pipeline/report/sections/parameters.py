"""The best parameters, with the three ways of choosing them side by side."""

from collections.abc import Sequence
from typing import Any

from rorq_pipeline.report.data import ReportData, Selection
from rorq_pipeline.report.formats import METRIC_TITLES
from rorq_pipeline.report.section import Section
from strategy.space import not_searched

SELECTION_TITLES = {
    "study_best": ("Study best", "best trial of the Optuna study"),
    "exact_best": ("Exact best", "best of all combinations"),
    "plateau": ("Plateau", "best mean of its neighbours"),
}


def parameters_section(data: ReportData) -> Section:
    """One column a selection; without any, one column for the chosen parameters."""
    selections = list(data.selections) or [
        Selection(name=data.selection, trial_params=data.trial_params, metrics=data.metrics)
    ]
    columns = [
        {
            "selection": selection,
            "title": SELECTION_TITLES.get(selection.name, (selection.name.replace("_", " "), ""))[
                0
            ],
            "meaning": SELECTION_TITLES.get(selection.name, ("", ""))[1],
            "chosen": selection.name == data.selection,
        }
        for selection in selections
    ]
    return Section(
        id="parameters",
        title="Best parameters",
        context={
            "columns": columns,
            "rows": _rows(selections, data.selection),
            "metric_names": list(METRIC_TITLES),
            "fixed": not_searched(data.params.to_json_dict()),
            "has_neighbours": any(s.neighbours_mean_percent is not None for s in selections),
            "outside": data.out_of_sample.by_selection_percent if data.out_of_sample else {},
            "has_ranks": any(s.rank is not None for s in selections),
        },
    )


def _rows(selections: Sequence[Selection], chosen: str) -> list[dict[str, Any]]:
    """One row a dimension, saying which columns differ from the chosen one."""
    reference = next((s for s in selections if s.name == chosen), selections[0])
    names = list(dict.fromkeys(name for s in selections for name in s.trial_params))
    return [
        {
            "name": name,
            "cells": [
                {
                    "value": selection.trial_params.get(name),
                    "differs": selection.trial_params.get(name) != reference.trial_params.get(name),
                }
                for selection in selections
            ],
        }
        for name in names
    ]
