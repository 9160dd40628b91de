"""What is seen of a run: a line a step, or a bar with the words of the step at work."""

import io
import re
from typing import Any

import dagster as dg
import pytest
from rich.console import Console
from rich.progress import Progress

from rorq_pipeline.cli import progress
from rorq_pipeline.cli.progress import step_bar_logger, step_lines_logger


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


def test_each_step_is_a_line_and_its_messages_below(monkeypatch: pytest.MonkeyPatch) -> None:
    @dg.op
    def telling(context: dg.OpExecutionContext) -> None:
        context.log.debug("not told")
        context.log.info("2 of 2")
        context.log.warning("look")
        context.log.error("Dependencies for step after this failed")
        raise ValueError

    @dg.op
    def good() -> None:
        """Nothing."""

    @dg.job(logger_defs={"lines": step_lines_logger})
    def both() -> None:
        good()
        telling()

    written = io.StringIO()
    coloured = Console(file=written, force_terminal=True, color_system="standard", soft_wrap=True)
    monkeypatch.setattr(progress, "error_console", coloured)
    config = {"loggers": {"lines": {}}}
    both.execute_in_process(run_config=config, raise_on_error=False)
    lines = written.getvalue().splitlines()
    ended = re.fullmatch(r"\x1b\[32mgood done in (\d+\.\d) s\x1b\[0m", lines[1])
    assert ended is not None, lines
    assert float(ended[1]) < 30
    assert [lines[0], *lines[2:5]] == [
        "\x1b[1mgood …\x1b[0m",
        "\x1b[1mtelling …\x1b[0m",
        "\x1b[2m  2 of 2\x1b[0m",
        "\x1b[33m  look\x1b[0m",
    ]
    assert lines[5:] == []
