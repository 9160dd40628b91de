"""What a rorq command shows while Dagster works: one line a step and its messages, or one bar."""

import logging
import time
from collections.abc import Mapping

import dagster as dg
from rich.progress import Progress
from rich.text import Text

from rorq_pipeline.cli.common import error_console
from rorq_pipeline.dagster_support.internals import get_log_record_metadata

_SKIPPED = "Dependencies for step"  # how Dagster tells what a failure keeps from running


class _StepLines(logging.Handler):
    """Prints starts and ends of steps, and what assets log, to standard error."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)  # Dagster logs starts and ends of steps as debug
        self._started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        metadata = get_log_record_metadata(record)
        event = metadata["dagster_event"]
        step = metadata["step_key"] or ""
        if event is None:
            self._message(record.levelno, metadata["orig_message"])
        elif event.is_step_start:
            self._started[step] = time.monotonic()
            self._line(f"{step} …", "bold")
        elif event.is_step_success:
            seconds = time.monotonic() - self._started.pop(step, time.monotonic())
            self._line(f"{step} done in {seconds:.1f} s", "green")

    def _message(self, level: int, text: str) -> None:
        if level >= logging.INFO and not text.startswith(_SKIPPED):
            self._line(f"  {text}", "yellow" if level > logging.INFO else "dim")

    def _line(self, text: str, style: str) -> None:
        error_console.print(Text(text, style=style))


class _StepBar(logging.Handler):
    """Moves a bar by a step when it ends, and names what is at work beside it."""

    def __init__(self, bar: Progress, words: Mapping[str, str]) -> None:
        super().__init__(logging.DEBUG)
        self._bar, self._words = bar, words
        self._task = bar.add_task("starting", total=len(words))

    def emit(self, record: logging.LogRecord) -> None:
        metadata = get_log_record_metadata(record)
        event, step = metadata["dagster_event"], metadata["step_key"] or ""
        words = self._words.get(step, step.replace("_", " "))
        if event is None:
            if "trials complete" in metadata["orig_message"]:
                told = metadata["orig_message"].partition(",")[0]
                self._bar.update(self._task, description=f"{words}, {told}")
        elif event.is_step_start:
            self._bar.update(self._task, description=words)
        elif event.is_step_success:
            self._bar.advance(self._task)


def step_bar_logger(bar: Progress, words: Mapping[str, str]) -> dg.LoggerDefinition:
    """Log to a bar; `words` says what each step does, in their order."""
    handler = _StepBar(bar, words)
    return dg.LoggerDefinition(lambda _: _logger(handler))


def _logger(handler: logging.Handler) -> logging.Logger:
    logger = logging.Logger("rorq", logging.DEBUG)  # noqa: LOG001  no other handler may see it
    logger.addHandler(handler)
    return logger


step_lines_logger = dg.LoggerDefinition(
    lambda _: _logger(_StepLines()), description="One line a step, on standard error."
)
