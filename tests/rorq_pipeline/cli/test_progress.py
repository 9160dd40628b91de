"""The bar of `rorq demo`: one step further when a step ends, and the words of the one at work."""

from typing import Any

import dagster as dg
from rich.progress import Progress

from rorq_pipeline.cli.progress import step_bar_logger


class Watched(Progress):
    """Remembers what the bar said, and how far it was."""

    def __init__(self) -> None:
        super().__init__(disable=True)
        self.seen: list[tuple[str, float]] = []

    def update(self, task_id: Any, **changes: Any) -> None:
        super().update(task_id, **changes)
        self._note()

    def advance(self, task_id: Any, advance: float = 1) -> None:
        super().advance(task_id, advance)
        self._note()

    def _note(self) -> None:
        (task,) = self.tasks
        self.seen.append((task.description, task.completed))


def test_the_bar_tells_each_step_and_the_trials_of_a_study() -> None:
    @dg.op
    def first(context: dg.OpExecutionContext) -> int:
        context.log.info("7 of 9 trials complete, best 3.00%")
        context.log.info("something else, 12 of 12")
        return 1

    @dg.op
    def no_words(value: int) -> None:
        assert value == 1

    bar = Watched()
    logger = step_bar_logger(bar, {"first": "searching", "another": "waiting"})

    @dg.job(logger_defs={"bar": logger})
    def both() -> None:
        no_words(first())

    assert both.execute_in_process(run_config={"loggers": {"bar": {}}}).success
    assert bar.seen == [
        ("searching", 0),
        ("searching, 7 of 9 trials complete", 0),
        ("searching, 7 of 9 trials complete", 1),
        ("no words", 1),
        ("no words", 2),
    ]
    assert bar.tasks[0].total == 2
