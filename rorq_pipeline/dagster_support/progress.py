"""Progress of a running study: readable lines in the log, and observations of the asset."""

import time
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from optimize.run_study import StudyProgress


class StudyLog:
    """Tells the log and the asset's page how far a study is, not more often than is readable."""

    def __init__(self, context: dg.AssetExecutionContext, interval_seconds: float) -> None:
        self._context = context
        self._interval_seconds = interval_seconds
        self._next_seconds = time.monotonic()

    def __call__(self, progress: "StudyProgress") -> None:
        """Take what the study says after each batch; the last batch is always told."""
        is_last = progress.n_complete >= progress.n_target
        if not is_last and time.monotonic() < self._next_seconds:
            return
        self._next_seconds = time.monotonic() + self._interval_seconds
        self._context.log.info(_line(progress))
        self._context.log_event(
            dg.AssetObservation(
                asset_key=self._context.asset_key,
                partition=self._context.partition_key,
                metadata=_metadata(progress),
            )
        )


def _line(progress: "StudyProgress") -> str:
    best = "none yet" if progress.best_value is None else f"{progress.best_value:.2f}%"
    return (
        f"{progress.n_complete} of {progress.n_target} trials complete, "
        f"{progress.n_pruned} pruned, {progress.n_failed} failed; "
        f"best return on risk {best}; {progress.trials_per_second:.0f} trials/s"
    )


def _metadata(progress: "StudyProgress") -> dict[str, dg.MetadataValue]:
    values: dict[str, dg.MetadataValue] = {
        "complete": dg.MetadataValue.int(progress.n_complete),
        "pruned": dg.MetadataValue.int(progress.n_pruned),
        "failed": dg.MetadataValue.int(progress.n_failed),
        "trials_per_second": dg.MetadataValue.float(progress.trials_per_second),
        "study": dg.MetadataValue.text(progress.study_name),
    }
    if progress.best_value is not None:
        values["return_on_risk_percent"] = dg.MetadataValue.float(progress.best_value)
    return values
