"""`python -m optimize.smart`: one study from the command line, without Dagster.

Options are the knobs of `optimize.study.settings.StudySettings`, generated from it; environment
variables of the same names in capitals (N_TRIALS) set them too. How the outcome looks belongs to
`optimize.smart_tables`.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from optimize.database.connect import ensure_database
from optimize.run_study import run_study
from optimize.signals import stop_on_signals
from optimize.smart_tables import print_summary, progress_bar
from optimize.study.settings import StudySettings
from strategy.backtest_range import BacktestRange
from strategy.cache_address import bucket_address, mirror_folder
from strategy.errors import MissingSessionError, ParameterError, RorqError, StudyError
from strategy.market_data import PreparedSessions, list_sessions, load_sessions
from strategy.market_data.mirror import make_mirror
from strategy.space import SearchSpace
from strategy.ticker import default_ticker

F = TypeVar("F", bound=Callable[..., Any])

_CHECKOUT = Path(__file__).resolve().parent.parent
_DATE = click.DateTime(formats=["%Y-%m-%d"])
_IN_ENVIRONMENT = (  # knobs that the environment may set, in capitals
    "study_name", "n_trials", "n_startup_trials", "n_ei_candidates", "min_trade_threshold",
    "max_attempt_limit", "enable_persistence",
)  # fmt: skip
_FLAGS = {"shared": "--join/--no-join"}  # knob -> its option, where the names differ


def knob_options(command: F) -> F:
    """Add one option for each knob of StudySettings, with its help and default."""
    for name, field in reversed(StudySettings.model_fields.items()):
        dashed = name.replace("_", "-")
        is_flag = field.annotation is bool
        flag = _FLAGS.get(name, f"--{dashed}/--no-{dashed}" if is_flag else f"--{dashed}")
        choices = getattr(field.annotation, "__args__", ())
        kind: Any = click.Choice(choices) if choices else None if is_flag else field.annotation
        command = click.option(
            flag,
            name,
            type=kind,
            default=field.default,
            show_default=True,
            envvar=name.upper() if name in _IN_ENVIRONMENT else None,
            help=field.description,
        )(command)
    return command


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("range_text", metavar="[RANGE]", required=False)
@click.option(
    "--backtest-start-date",
    type=_DATE,
    envvar="BACKTEST_START_DATE",
    hidden=True,
    help="First day.",
)
@click.option(
    "--backtest-end-date", type=_DATE, envvar="BACKTEST_END_DATE", hidden=True, help="Last."
)
@click.option(
    "--ticker",
    help="Underlying.  [default: that of RANGE, else the first of RORQ_TICKERS]",
)
@click.option(
    "--cache",
    envvar="RORQ_CACHE",
    show_envvar=True,
    help="Folder of the cached sessions, or a bucket's address such as s3://bucket/prefix. "
    "Default: polygon_cache in the project root.",
)
@click.option(
    "--project-root",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="RORQ_HOME",
    show_envvar=True,
    default=_CHECKOUT,
    help="Folder of config.py and of the embedded database. Default: this checkout.",
)
@click.option(
    "--search-space",
    type=click.Path(path_type=Path),
    help="TOML file that replaces the values of any dimension: stretch_threshold = [0.002, 0.003].",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Strategy parameter that is not searched, such as slippage_amount=0.03.",
)
@click.option("--fix", multiple=True, hidden=True, help="The former name of --set.")
@click.option("--allow-missing", is_flag=True, help="Run although sessions are missing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@knob_options
def main(
    *,
    range_text: str | None,
    backtest_start_date: datetime | None,
    backtest_end_date: datetime | None,
    ticker: str | None,
    cache: str | None,
    project_root: Path,
    search_space: Path | None,
    assignments: tuple[str, ...],
    fix: tuple[str, ...],
    allow_missing: bool,
    as_json: bool,
    **knobs: Any,
) -> None:
    """Search the strategy's parameters on one range of cached sessions; resume if it is stored.

    RANGE is one such as 2023-01-03_2023-01-31, or a month such as 2023-01; QQQ_ before it names
    another ticker than SPY. By default it is BACKTEST_START_DATE to BACKTEST_END_DATE of the
    environment, else three calendar months that end with that of the latest cached session.
    """
    settings = StudySettings(**knobs)
    named = BacktestRange.parse(range_text, ticker) if range_text else None
    ticker = named.ticker if named else ticker or default_ticker()
    folder = _cache_folder(cache, project_root, ticker)
    date_range = named or _date_range(folder, ticker, backtest_start_date, backtest_end_date)
    space = SearchSpace.from_toml(search_space) if search_space else SearchSpace.seed()
    fixed_params = date_range.fixed_params(
        dict(_name_and_value(text) for text in (*fix, *assignments))
    )
    sessions = load_sessions(
        folder,
        date_range.ticker,
        date_range,
        allow_missing=allow_missing,
        prepared=_prepared_sessions(project_root),
    )
    console = Console(stderr=as_json)
    with stop_on_signals() as stop, progress_bar(console) as progress:
        summary = run_study(
            settings=settings,
            date_range=date_range,
            sessions=sessions,
            search_space=space,
            fixed_params=fixed_params,
            database=ensure_database(project_root),
            progress=progress,
            stop=stop,
        )
    if as_json:
        click.echo(json.dumps(summary.to_json_dict(), indent=2))
    else:
        print_summary(console, summary, {session.source for session in sessions})
    if summary.best_value is None:
        raise StudyError(
            f"no trial of study {summary.study_name} was completed",
            expected="at least one with --min-trade-threshold trades",
            remedy="lower that, take a longer range, or widen the search space",
        )


def run() -> None:
    """The command with the project's errors as one line each."""
    try:
        main()
    except RorqError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {_escaped(error)}", soft_wrap=True)
        sys.exit(1)


def _escaped(error: RorqError) -> str:
    return str(error).replace("[", r"\[")


def _cache_folder(named: str | None, project_root: Path, ticker: str) -> Path:
    """The cache's folder, with the ticker's sessions of the bucket in it, if it is one."""
    bucket = bucket_address(named or "")
    if bucket is None:
        return Path(named) if named else project_root / "polygon_cache"
    mirror = make_mirror(mirror_folder(project_root, bucket), bucket)
    mirror.refresh(ticker)
    return mirror.folder


def _date_range(
    cache: Path, ticker: str, start: datetime | None, end: datetime | None
) -> BacktestRange:
    if start is not None and end is not None:
        return BacktestRange(start.date(), end.date(), ticker)
    cached = list_sessions(cache, ticker)
    if not cached:
        raise MissingSessionError(
            f"no session of {ticker} in {cache}",
            expected="at least one",
            remedy="run `rorq sample`, `rorq import-legacy` or `rorq download RANGE`",
        )
    usual = BacktestRange.trailing_months(cached[-1], cached, ticker=ticker)
    first = start.date() if start else usual.start_date
    last = end.date() if end else usual.end_date
    return BacktestRange(first, last, ticker)


def _prepared_sessions(project_root: Path) -> PreparedSessions:
    """The project's folder of prepared sessions, or the one that RORQ_PREPARED names."""
    named = os.environ.get("RORQ_PREPARED")
    return PreparedSessions(
        folder=Path(named).expanduser() if named else project_root / ".rorq" / "prepared"
    )


def _name_and_value(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ParameterError(
            f"--set {text!r}", expected="NAME=VALUE", remedy="put = between name and value"
        )
    return name.strip(), value.strip()


if __name__ == "__main__":
    run()
