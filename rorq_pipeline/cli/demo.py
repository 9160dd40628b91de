"""`rorq demo`: the whole chain once, from sample sessions to a report."""

from datetime import date
from pathlib import Path

import click

from rorq_pipeline.cli.common import error_console
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import range_or_latest
from strategy.date_range import sessions_between

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

SAMPLE_START = date(2023, 1, 3)
SAMPLE_END = date(2023, 1, 31)


@click.command()
def command() -> None:
    """Run the whole chain for one range and show the best parameters.

    The range is that of `rorq env`; a month of sample sessions is made where there is none.
    """
    from rorq_pipeline.automation.settings import AutomationSettings
    from rorq_pipeline.cli.outcome import show_outcome
    from rorq_pipeline.cli.progress import step_lines_logger
    from rorq_pipeline.definitions import build_definitions
    from rorq_pipeline.runner import materialize_range

    paths = ProjectPaths.resolve()
    grouping = AutomationSettings.from_environment().groupings()[0]
    make_samples_if_empty(paths.cache, grouping.ticker)
    date_range = range_or_latest(None, paths.cache, grouping)
    error_console.print(f"backtest range {date_range.key}")
    materialize_range(
        date_range, definitions=build_definitions(loggers={"console": step_lines_logger})
    )
    show_outcome(date_range)


def make_samples_if_empty(cache_dir: Path, ticker: str) -> None:
    """Make a month of sample sessions where the cache holds no session of the ticker."""
    from strategy.market_data.layout import list_sessions
    from strategy.market_data.sample.generate import SampleSettings, write_samples

    if list_sessions(cache_dir, ticker):
        return
    days = sessions_between(SAMPLE_START, SAMPLE_END)
    error_console.print(f"no session of {ticker} in {cache_dir}: making {len(days)} synthetic ones")
    write_samples(cache_dir, days, SampleSettings(ticker=ticker))
