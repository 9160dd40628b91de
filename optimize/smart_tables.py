"""How a study looks on a terminal: the progress bar, and the summary as tables."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from optimize.study.results import StudySummary, TrialSummary
from optimize.study.tally import StudyProgress

_NAME_COLUMNS = 30  # max_trade_duration_seconds with its borders
_TRIAL_COLUMNS = 14  # 09:30-12:00 with its borders
_TOP_METRICS = ("total_trades", "win_rate_percent", "expectancy_usd", "net_pnl_usd")


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[StudyProgress], None]]:
    """A bar over the trials to complete; gives the function to call after each batch."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("completed trials", total=None, note="")

        def report(progress: StudyProgress) -> None:
            bar.update(
                task, total=progress.n_target, completed=progress.n_complete, note=_note(progress)
            )

        yield report


def print_summary(console: Console, summary: StudySummary, sources: Collection[str]) -> None:
    """Print best value and parameters, the counts, and the five best trials."""
    if "synthetic" in sources:
        console.print("[yellow]synthetic sessions: these results say nothing about a market[/]")
    console.print(_counts_table(summary))
    if summary.best_value is None:
        console.print("no trial completed: see the reasons above")
        return
    console.print(_pairs_table("Best parameters", summary.best_params))
    console.print(_pairs_table(f"Trial {summary.best_trial_number}", summary.best_metrics))
    for first in range(0, len(summary.top_trials), n := _trials_beside(console.width)):
        console.print(_top_table(summary.top_trials[first : first + n]))


def _note(progress: StudyProgress) -> str:
    best = "" if progress.best_value is None else f"best {progress.best_value:.2f}%, "
    return f"{best}{progress.n_pruned} pruned, {progress.trials_per_second:.0f} trials/s"


def _counts_table(summary: StudySummary) -> Table:
    is_run = summary.stop_reason != "stored"
    of_run: dict[str, Any] = {"stopped because": summary.stop_reason, "resumed": summary.resumed}
    speed = {"trials this run, each second": summary.trials_per_second}
    rows: dict[str, Any] = {
        **(of_run if is_run else {}),
        "warm start from": summary.warm_started_from,
        "best return on risk, percent": summary.best_value,
        "completed": summary.n_complete,
        **{f"pruned: {reason}": n for reason, n in summary.n_pruned.items()},
        **{f"duplicates known from {source}": n for source, n in summary.n_duplicates.items()},
        "failed": summary.n_failed,
        **(speed if is_run else {}),
    }
    return _pairs_table(summary.study_name, rows)


def _pairs_table(title: str, pairs: Mapping[str, Any]) -> Table:
    table = Table(title, "")
    table.columns[1].justify = "right"
    for name, value in pairs.items():
        table.add_row(name, _text(value))
    return table


def _trials_beside(width: int) -> int:
    """How many trials a terminal shows without cutting a name or a value."""
    return max(1, (width - _NAME_COLUMNS) // _TRIAL_COLUMNS)


def _top_table(trials: Sequence[TrialSummary]) -> Table:
    """One column a trial, so that it fits a narrow terminal."""
    table = Table("Best trials", *(f"#{trial.number}" for trial in trials))
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("return_on_risk_percent", *(_text(t.value) for t in trials))
    for name in _TOP_METRICS:
        table.add_row(name, *(_text(t.metrics.get(name)) for t in trials))
    table.add_section()
    for name in trials[0].params:
        table.add_row(name, *(_text(t.params[name]) for t in trials))
    return table


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
