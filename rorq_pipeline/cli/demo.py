"""`rorq demo`: the whole chain once, from sample sessions to a report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rorq_pipeline.cli.common import brought, error_console
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import range_or_latest
from strategy.backtest_range import BacktestRange

if TYPE_CHECKING:
    from dagster import LoggerDefinition

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

SAMPLED = "2023-01-03_2023-04-28"
SEARCHED = "2023-01-03_2023-03-31"  # what follows is traded by what was chosen
# An edge that a search finds and that is gone when it is traded.
EDGE, EDGE_HALF_LIFE_SESSIONS = 1.5, 25.0

STEPS = {
    "validated_cache": "checking the data",
    "validation_checks": "checking the data",
    "cache_is_recent": "looking how old the data is",
    "optimization": "searching the parameters",
    "parameter_surface": "evaluating every combination",
    "best_params": "choosing among them",
    "proofs": "proving that nothing looked ahead",
    "result_checks": "looking at the choice",
    "out_of_sample": "trading the sessions that followed",
    "selection_statistics": "testing the choice against luck",
    "walk_forward": "walking forward",
    "walk_forward_matrix": "trying every way of choosing",
    "earns_out_of_sample": "looking at what came",
    "selection_checks": "looking at the tests",
    "verdict": "reaching the verdict",
    "worth_trading": "looking at the verdict",
    "report": "writing the page",
}  # step of the chain -> what it does, in their order


@click.command()
def command() -> None:
    """Run the whole chain for one range and show the best parameters.

    The range is that of `rorq env`. Where no session is cached, four months of sample sessions are
    made, with a planted edge that fades: the first three are searched, the fourth is traded.
    """
    from rorq_pipeline.automation.settings import AutomationSettings
    from rorq_pipeline.cli.outcome import show_outcome
    from rorq_pipeline.cli.walk_forward import show_ways_of_choosing
    from rorq_pipeline.definitions import build_definitions
    from rorq_pipeline.results.artifacts import artifact_path
    from rorq_pipeline.runner import materialize_range

    paths = ProjectPaths.resolve()
    grouping = AutomationSettings.from_environment().groupings()[0]
    brought(paths, grouping.ticker)
    make_samples_if_empty(paths.cache, grouping.ticker)
    date_range = _sample_range(paths.cache, grouping.ticker) or range_or_latest(
        None, paths.cache, grouping
    )
    error_console.print(f"backtest range {date_range.key}")
    with _progress() as logger:
        materialize_range(date_range, definitions=build_definitions(loggers={"console": logger}))
    show_ways_of_choosing(paths, grouping.ticker)
    page = artifact_path("report", date_range.key, ".html")
    show_outcome(
        date_range.key,
        then=(
            (f"open {page}", "the page: what to do, and how far to believe it"),
            ("rorq dev", "the same in Dagster's UI, and again whenever data comes"),
            ("rorq download --help", "your own data; then rorq materialize RANGE"),
        ),
    )


def make_samples_if_empty(cache_dir: Path, ticker: str) -> None:
    """Make four months of sample sessions where the cache holds no session of the ticker."""
    from strategy.market_data.layout import list_sessions
    from strategy.market_data.sample.generate import SampleSettings, write_samples

    if list_sessions(cache_dir, ticker):
        return
    sampled = BacktestRange.parse(SAMPLED, ticker)
    days = sampled.sessions
    click.echo(
        f"no session of {ticker} in {cache_dir}: making {len(days)} synthetic ones", err=True
    )
    settings = SampleSettings(
        ticker=ticker,
        edge=EDGE,
        edge_half_life_sessions=EDGE_HALF_LIFE_SESSIONS,
        edge_decays_from=sampled.start_date,
    )
    with _bar() as bar:
        task = bar.add_task("making sample sessions", total=len(days))
        write_samples(cache_dir, days, settings, on_session=lambda _day: bar.advance(task))


def _sample_range(cache_dir: Path, ticker: str) -> BacktestRange | None:
    """The part of the demo's own sessions that is searched; None where others are cached."""
    from strategy.market_data.layout import list_sessions

    sampled = BacktestRange.parse(SAMPLED, ticker).sessions
    if tuple(list_sessions(cache_dir, ticker)) != sampled:
        return None
    return BacktestRange.parse(SEARCHED, ticker)


def _bar() -> Progress:
    return Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=error_console,
        transient=True,
        disable=not error_console.is_terminal,
    )


@contextmanager
def _progress() -> "Iterator[LoggerDefinition]":
    """A bar in a terminal, else a line a step."""
    from rorq_pipeline.cli.progress import step_bar_logger, step_lines_logger

    if not error_console.is_terminal:
        yield step_lines_logger
        return
    with _bar() as bar:
        yield step_bar_logger(bar, STEPS)
