"""`rorq materialize`: assets of one range or of several, in this process."""

import json
from pathlib import Path
from typing import Any

import click

from rorq_pipeline.cli.backtest import parse_assignments
from rorq_pipeline.cli.common import brought, error_console, print_error
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import ranges_from
from strategy.backtest_range import BacktestRange
from strategy.errors import RorqError

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


def parse_run_config(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """Read run config from JSON, as the option's callback."""
    if value is None:
        return {}
    try:
        config = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"no JSON: {error}") from None
    if not isinstance(config, dict):
        raise click.BadParameter(f"{config!r} is no object")
    return config


@click.command()
@click.argument("ranges", metavar="RANGE...", nargs=-1, required=True)
@click.option(
    "--select",
    "selection",
    metavar="SELECTION",
    help="Assets, as Dagster writes selections; by default everything up to the report.",
)
@click.option("--n-trials", type=int, help="Completed trials after which the study is done.")
@click.option(
    "--search-space",
    "search_space_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file of search dimensions, such as stretch_threshold = [0.002, 0.003]; others keep "
    "the seed's values.",
)
@click.option(
    "--set",
    "assignments",
    metavar="NAME=VALUE",
    multiple=True,
    help="Strategy parameter that is not searched, such as latency_seconds=2.",
)
@click.option(
    "--config-json",
    "run_config",
    metavar="JSON",
    callback=parse_run_config,
    help='Any run config, such as {"ops": {"optimization": {"config": {"seed": 7}}}}.',
)
def command(
    ranges: tuple[str, ...],
    selection: str | None,
    n_trials: int | None,
    search_space_file: Path | None,
    assignments: tuple[str, ...],
    run_config: dict[str, Any],
) -> None:
    """Materialise the assets of backtest ranges, one after the other.

    RANGE is one such as 2023-01-03_2023-01-31, a month or a year such as 2023-01 or 2023, or each
    one of 2023-01..2023-06 or 2022..2023; QQQ_ before it names another ticker than SPY. Options go
    over run_config.yaml, for all ranges alike.
    """
    from rorq_pipeline.cli.outcome import show_outcome
    from rorq_pipeline.cli.progress import step_lines_logger
    from rorq_pipeline.definitions import build_definitions
    from rorq_pipeline.project.run_config import with_short_forms
    from rorq_pipeline.runner import (
        DEFAULT_SELECTION,
        materialize_range,
        selected_ops,
    )

    chosen = list(dict.fromkeys(one for text in ranges for one in ranges_from(text)))
    definitions = build_definitions(loggers={"console": step_lines_logger})
    what = selection or DEFAULT_SELECTION
    ops = selected_ops(definitions, what)
    config = with_short_forms(
        run_config,
        ops,
        n_trials=n_trials,
        search_space_file=search_space_file,
        fixed_params=parse_assignments(assignments),
    )

    for ticker in sorted({date_range.ticker for date_range in chosen}):
        brought(ProjectPaths.resolve(), ticker)

    def run(date_range: BacktestRange) -> None:
        run_id = materialize_range(
            date_range, selection=what, run_config=config, definitions=definitions
        )
        error_console.print(f"materialised {date_range.key} in run {run_id}")
        show_outcome(date_range.key, ops)

    if len(chosen) > 1:
        _run_each(chosen, run)
    else:
        run(chosen[0])


def _run_each(chosen: list[BacktestRange], run: Any) -> None:
    """Go through all ranges although some fail; the exit code says whether one did.

    What is wrong with the command itself, and a request to stop, end it at once.
    """
    from rorq_pipeline.runner import MaterializationError, StoppedError

    failed = []
    for number, date_range in enumerate(chosen, start=1):
        error_console.print(f"range {number} of {len(chosen)}: {date_range.key}", style="bold")
        try:
            run(date_range)
        except StoppedError:
            raise
        except MaterializationError as error:
            print_error(error)
            failed.append(date_range.key)
    if failed:
        raise RorqError(
            f"{len(failed)} of {len(chosen)} ranges failed: {', '.join(failed)}",
            expected="all to succeed",
            remedy="each says why above; the same command goes on with what is left",
        )
