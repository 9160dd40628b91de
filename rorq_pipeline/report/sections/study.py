"""The search: history, importances, parallel coordinates, what was pruned and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from optimize.study.results import DUPLICATE_SOURCES
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.study import (
    MIN_COMPLETE,
    completed,
    history_figure,
    importances_figure,
    parallel_figure,
    study_of,
)
from rorq_pipeline.report.section import Section


def study_section(data: ReportData) -> Section:
    """Pictures where there are trials enough for them, and every attempt counted."""
    title = "The search"
    if not data.trials:
        absent = "The trials of the study are not part of this report."
        return Section(id="study", title=title, absent=absent)
    done = completed(data.trials)
    figures: dict[str, Any] = {}
    if done:
        study = study_of(data.trials)
        figures["history"] = history_figure(study)
        if _varies(done):
            figures["importances"] = importances_figure(study)
            figures["parallel"] = parallel_figure(study)
    return Section(
        id="study",
        title=title,
        context={
            "n_attempts": len(data.trials),
            "n_complete": len(done),
            "pruned": _pruned(data.trials),
            "states": Counter(trial.state.name.lower() for trial in data.trials),
            "top": _top(done),
            "few": MIN_COMPLETE,
            "drawn": set(figures),
        },
        figures=figures,
    )


def _varies(done: Sequence[FrozenTrial]) -> bool:
    """Whether the completed trials differ in value and share parameters to explain it by."""
    shared = set.intersection(*(set(trial.params) for trial in done))
    return bool(shared) and len({trial.value for trial in done}) > 1


def _pruned(trials: Sequence[FrozenTrial]) -> list[tuple[str, int]]:
    """Pruned attempts by reason; duplicates by where they were recognised, zeros included."""
    reasons = Counter({f"duplicate, known from {source}": 0 for source in DUPLICATE_SOURCES})
    for trial in trials:
        if trial.state != TrialState.PRUNED:
            continue
        if trial.user_attrs.get("duplicate"):
            source = trial.user_attrs.get("duplicate_source", "unknown source")
            reasons[f"duplicate, known from {source}"] += 1
        else:
            reason = trial.user_attrs.get("prune_reason", "reason not recorded")
            reasons[str(reason).replace("_", " ")] += 1
    return reasons.most_common()


def _top(done: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return sorted(done, key=lambda t: -(t.value or 0.0))[:5]
