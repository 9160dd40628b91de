"""`rorq materialize`: assets of one range, in this process."""

import json
from typing import Any

import click

from rorq_pipeline.cli.common import console


def parse_run_config(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """Read run config from JSON, as the option's callback."""
    if value is None:
        return None
    try:
        config = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"no JSON: {error}") from None
    if not isinstance(config, dict):
        raise click.BadParameter(f"{config!r} is no object")
    return config


@click.command()
@click.argument("date_range", metavar="RANGE")
@click.option(
    "--select",
    "selection",
    metavar="SELECTION",
    help="Assets, as Dagster writes selections; by default everything up to the report.",
)
@click.option(
    "--config-json",
    "run_config",
    metavar="JSON",
    callback=parse_run_config,
    help='Run config, such as {"ops": {"optimization": {"config": {"n_trials": 500}}}}.',
)
def command(date_range: str, selection: str | None, run_config: dict[str, Any] | None) -> None:
    """Materialise the assets of one backtest RANGE, such as 2023-01-03_2023-01-31.

    Without a ticker it is of SPY; of another one it is QQQ_2023-01-03_2023-01-31.
    """
    from rorq_pipeline.cli.progress import step_lines_logger
    from rorq_pipeline.dagster_support.runner import DEFAULT_SELECTION, materialize_range
    from rorq_pipeline.definitions import build_definitions
    from strategy.backtest_range import BacktestRange

    chosen = BacktestRange.parse(date_range)
    run_id = materialize_range(
        chosen,
        selection=selection or DEFAULT_SELECTION,
        run_config=run_config,
        definitions=build_definitions(loggers={"console": step_lines_logger}),
    )
    console.print(f"materialised {chosen.key} in run {run_id}")
