"""What a rorq command shows while Dagster works: one line a step, and the assets' own messages."""

import logging
import time

import dagster as dg
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
        elif event.event_type is dg.DagsterEventType.STEP_START:
            self._started[step] = time.monotonic()
            self._line(f"{step} …", "bold")
        elif event.event_type is dg.DagsterEventType.STEP_SUCCESS:
            seconds = time.monotonic() - self._started.pop(step, time.monotonic())
            self._line(f"{step} done in {seconds:.1f} s", "green")

    def _message(self, level: int, text: str) -> None:
        if level >= logging.INFO and not text.startswith(_SKIPPED):
            self._line(f"  {text}", "yellow" if level > logging.INFO else "dim")

    def _line(self, text: str, style: str) -> None:
        error_console.print(Text(text, style=style), soft_wrap=True)


def _make_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    """Log to the terminal of a rorq command."""
    logger = logging.Logger("rorq", logging.DEBUG)  # noqa: LOG001  no other handler may see it
    logger.addHandler(_StepLines())
    return logger


step_lines_logger = dg.LoggerDefinition(
    _make_logger, description="One line a step, on standard error."
)
