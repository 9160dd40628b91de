"""`rorq backtest`: one parameter set traded through one range, without a database."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rorq_pipeline.cli.common import brought, console
from rorq_pipeline.cli.tables import trades_table, value_table
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange
from strategy.errors import ParameterError, StudyError

if TYPE_CHECKING:
    import pandas as pd

    from strategy.backtest import BacktestResult

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@click.argument("date_range", metavar="RANGE")
@click.option(
    "--set",
    "assignments",
    metavar="NAME=VALUE",
    multiple=True,
    help="One strategy parameter, such as take_profit_percent=80; may be given often.",
)
@click.option(
    "--params",
    "params_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Start from a JSON file of strategy parameters, plain or as best_params publishes them.",
)
@click.option("--best", is_flag=True, help="Start from the published best parameters of the range.")
@click.option(
    "--trades",
    "trades_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the trades to this file, .csv or .parquet.",
)
@click.option("--allow-missing", is_flag=True, help="Go on where a session is not cached.")
def command(
    date_range: str,
    assignments: tuple[str, ...],
    params_file: Path | None,
    best: bool,
    trades_file: Path | None,
    allow_missing: bool,
) -> None:
    """Trade one set of strategy parameters through one RANGE; print its trades and metrics.

    RANGE is one such as 2023-01-03_2023-01-31, or a month such as 2023-01. It names the underlying
    too: QQQ_2023-01-03_2023-01-31; without a ticker it is SPY.
    """
    from strategy.backtest import run_backtest
    from strategy.market_data import PreparedSessions, load_sessions
    from strategy.params import StrategyParams

    chosen = BacktestRange.parse(date_range)
    paths = ProjectPaths.resolve()
    if best and params_file is not None:
        raise click.UsageError("--best and --params exclude each other")
    start: dict[str, Any] = {}
    if best:
        start = published_params(paths.artifacts, chosen.key)
    elif params_file is not None:
        start = params_of_file(params_file)
    _require_ticker(start.pop("ticker", chosen.ticker), chosen)
    params = StrategyParams(**chosen.fixed_params({**start, **parse_assignments(assignments)}))
    sessions = load_sessions(
        brought(paths, params.ticker),
        params.ticker,
        chosen,
        allow_missing=allow_missing,
        prepared=PreparedSessions(folder=paths.prepared),
    )
    result = run_backtest(params, sessions)
    _show(result, len(sessions))
    if trades_file is not None:
        write_trades(result.trades, trades_file)


def parse_assignments(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Read NAME=VALUE texts; a value that is JSON is taken as such, else as text."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise click.BadParameter(f"{assignment!r} is no NAME=VALUE", param_hint="--set")
        try:
            values[name.strip()] = json.loads(text)
        except (ValueError, RecursionError):
            values[name.strip()] = text
    return values


def params_of_file(path: Path) -> dict[str, Any]:
    """Read strategy parameters from a JSON file, plain or as `best_params` publishes them.

    Raises:
        ParameterError: the file cannot be read or holds no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror})"
    except (ValueError, RecursionError) as error:
        found = f"{path} is no JSON ({error})"
    else:
        if isinstance(content, dict):
            params: dict[str, Any] = content.get("strategy_params", content)
            return params
        found = f"{path} holds a {type(content).__name__}"
    raise ParameterError(
        found, expected="a JSON object of strategy parameters", remedy="correct the file"
    )


def published_params(artifacts: Path, key: str) -> dict[str, Any]:
    """Return the strategy parameters that `best_params` published for a range.

    Raises:
        StudyError: nothing was published.
        ArtifactError: it is damaged, or of another version.
    """
    from rorq_pipeline.results.models import BestParams

    path = BestParams.path(key, artifacts)
    if not path.exists():
        raise StudyError(
            f"{path} is absent",
            expected="published parameters of the range",
            remedy=f"make them with: rorq materialize {key} --select +best_params",
        )
    return BestParams.read_file(path).strategy_params.to_json_dict()


def write_trades(trades: "pd.DataFrame", path: Path) -> None:
    """Write the trades as CSV or Parquet, whole or not at all."""
    from rorq_pipeline.results.artifacts import write_whole

    if path.suffix == ".csv":
        write_whole(path, lambda beside: trades.to_csv(beside, index=False))
    elif path.suffix == ".parquet":
        write_whole(path, lambda beside: trades.to_parquet(beside, index=False))
    else:
        raise click.BadParameter(f"{path} ends neither in .csv nor .parquet", param_hint="--trades")
    click.echo(f"trades  {path}")


def _require_ticker(found: Any, date_range: "BacktestRange") -> None:
    """Refuse parameters that were published for another underlying than the range's."""
    if found != date_range.ticker:
        raise ParameterError(
            f"the parameters are of {str(found)[:40]!r}",
            expected=f"those of {date_range.ticker}, the ticker of the range {date_range}",
            remedy="name a range of their ticker, or remove the ticker from the file",
        )


def _show(result: "BacktestResult", n_sessions: int) -> None:
    if len(result.trades):
        console.print(trades_table(result.trades))
    console.print(value_table("metrics", {"sessions": n_sessions, **asdict(result.metrics)}))
    console.print(value_table("counts", asdict(result.counts)))
