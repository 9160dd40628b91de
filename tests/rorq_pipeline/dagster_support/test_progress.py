from typing import Any

from optimize.run_study import StudyProgress
from rorq_pipeline.dagster_support.progress import StudyLog


class Context:
    """Takes what an asset's context takes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[Any] = []
        self.log = self
        self.asset_key = "optimization"
        self.partition_key = "2023-01-03_2023-01-31"

    def info(self, text: str) -> None:
        self.lines.append(text)

    def log_event(self, event: Any) -> None:
        self.events.append(event)


def at(n_complete: int, best_value: float | None = 12.5) -> StudyProgress:
    return StudyProgress(
        study_name="s",
        n_complete=n_complete,
        n_target=100,
        n_pruned=3,
        n_failed=0,
        n_attempts=n_complete + 3,
        max_attempts=1000,
        best_value=best_value,
        trials_per_second=40.0,
    )


def test_progress_is_told_at_readable_intervals_and_at_the_end() -> None:
    context = Context()
    tell = StudyLog(context, 3600.0)  # type: ignore[arg-type]
    for n_complete in (0, 10, 50, 99, 100):
        tell(at(n_complete))
    assert [line.split()[0] for line in context.lines] == ["0", "100"]
    assert len(context.events) == 2


def test_an_observation_has_numbers_and_the_partition() -> None:
    context = Context()
    StudyLog(context, 0.0)(at(10))  # type: ignore[arg-type]
    (event,) = context.events
    assert event.partition == "2023-01-03_2023-01-31"
    assert event.metadata["complete"].value == 10
    assert event.metadata["return_on_risk_percent"].value == 12.5


def test_without_a_best_value_none_is_claimed() -> None:
    context = Context()
    StudyLog(context, 0.0)(at(0, best_value=None))  # type: ignore[arg-type]
    assert "none yet" in context.lines[0]
    assert "return_on_risk_percent" not in context.events[0].metadata
