"""`rorq cache`: what sessions there are, how a day looks, and whether all are sound."""

import sys
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from rorq_pipeline.cli.cache_health import validate_remembering
from rorq_pipeline.cli.common import brought, bucket_bar, console, error_console, passing_bars
from rorq_pipeline.cli.days import ticker_alone_option, ticker_option
from rorq_pipeline.cli.tables import megabytes
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange
from strategy.errors import ParameterError
from strategy.ticker import default_ticker

if TYPE_CHECKING:
    from strategy.market_data.validation import ValidationReport

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Look at the cached sessions: list, show one day, verify; or put them into a bucket."""


@command.command("list")
@ticker_alone_option
def list_sessions_command(ticker: str | None) -> None:
    """List the cached sessions with their source, size and health."""
    from rorq_pipeline.cli.cache_views import LEGEND, session_table

    paths, ticker = ProjectPaths.resolve(), ticker or default_ticker()
    whole = _whole_cache(paths, ticker)
    if whole is None:
        console.print(_nothing(paths, ticker))
        return
    report = _validated(paths, whole)
    records = [r.without_range_findings() for r in report.records if r.is_cached]
    console.print(session_table(records))
    console.print(LEGEND, style="dim")
    unsound = sum(bool(record.errors) for record in records)
    size = megabytes(sum(record.size_bytes for record in records))
    console.print(
        f"{len(records)} sessions of {ticker}, {size} MB, {unsound} with errors, "
        f"in {paths.cache_name}; `rorq cache verify --warnings` tells every finding",
    )


@command.command("show")
@click.argument("day", metavar="DATE", type=_DAY)
@ticker_alone_option
def show_command(day: datetime, ticker: str | None) -> None:
    """Show one session: price and VWAP through the day, option bars by strike, findings."""
    from rorq_pipeline.cli.cache_views import coverage_table, finding_lines, price_plot, summary
    from strategy.market_data import load_session

    paths, ticker = ProjectPaths.resolve(), ticker or default_ticker()
    session = load_session(brought(paths, ticker), ticker, day.date())
    report = _validated(paths, BacktestRange(day.date(), day.date(), ticker))
    (record,) = report.records
    console.print(summary(session, record))
    console.print(price_plot(session, width=min(console.width, 100)))
    console.print(coverage_table(session, record))
    for line in finding_lines(report.all_findings):
        console.print(line)


@command.command("verify")
@click.argument("date_range", metavar="[RANGE]", required=False)
@ticker_option
@click.option("--allow-missing", is_flag=True, help="A missing session is a warning.")
@click.option("--warnings", is_flag=True, help="Tell the warnings as well.")
def verify_command(
    date_range: str | None, ticker: str | None, allow_missing: bool, warnings: bool
) -> None:
    """Validate the sessions of RANGE, or every cached session by itself; exit 1 on errors.

    Without RANGE it also tells which exchange sessions are missing between the cached ones, and
    which published results are of other files than those that are cached now.

    Each error is one line: session, file, rule, and an example. RANGE is two dates, such as
    2023-01-03_2023-01-31, or a month, with a ticker QQQ_2023-01-03_2023-01-31; for a range it is
    an error as well if a session is missing before the last cached one, or if synthetic and real
    sessions stand together.
    """
    from rorq_pipeline.cli.cache_views import finding_lines
    from strategy.market_data.validation import RULES_BY_NAME, Family

    paths = ProjectPaths.resolve()
    if date_range:
        chosen = BacktestRange.parse(date_range, ticker)
        brought(paths, chosen.ticker)
    else:
        ticker = ticker or default_ticker()
        whole = _whole_cache(paths, ticker)
        if whole is None:
            error_console.print(_nothing(paths, ticker))
            sys.exit(1)
        chosen = whole
    report = _validated(paths, chosen, allow_missing=allow_missing)
    families = set(Family) if date_range else set(Family) - {Family.RANGE}
    errors, warned = (
        sorted((f for f in found if f.family in families), key=attrgetter("date"))
        for found in (report.errors, report.warnings)
    )
    for line in finding_lines([*errors, *warned] if warnings else errors):
        console.print(line)
    for remedy in dict.fromkeys(RULES_BY_NAME[finding.rule].remedy for finding in errors):
        console.print(f"what helps: {remedy}")
    _conclude(report, len(errors), len(warned))
    if not date_range:
        _tell_missing(report)
        _tell_changed(report)
    if errors:
        sys.exit(1)


@command.command("upload")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@ticker_alone_option
@click.option("--replace", is_flag=True, help="Put sessions that the bucket holds there anew.")
def upload_command(folder: str, ticker: str | None, replace: bool) -> None:
    """Put the sessions of a cache folder into the bucket that RORQ_CACHE names.

    DIR holds a folder a ticker, such as polygon_cache. Sessions that the bucket holds stay.
    """
    from strategy.market_data.mirror import make_mirror

    paths, ticker = ProjectPaths.resolve(), ticker or default_ticker()
    if paths.bucket is None:
        raise ParameterError(
            f"RORQ_CACHE is the folder {paths.cache}",
            expected="the address of a bucket, such as s3://bucket/prefix",
            remedy="set RORQ_CACHE to where the sessions shall go",
        )
    mirror = make_mirror(paths.cache, paths.bucket)
    with bucket_bar(f"sessions of {ticker} to {paths.bucket}") as show:
        count = mirror.upload_all(ticker, Path(folder), replace=replace, on_session=show)
    console.print(f"{count} sessions of {ticker} put into {paths.bucket}")


def _conclude(report: "ValidationReport", errors: int, warnings: int) -> None:
    cached = sum(record.is_cached for record in report.records)
    later = f", {report.not_yet_cached} not yet cached" if report.not_yet_cached else ""
    verdict = ("unsound", "red") if errors else ("sound", "green")
    found = f", {errors} errors, {warnings} warnings"
    console.print(Text.assemble(f"{cached} sessions of {report.ticker}{later}: ", verdict, found))


def _tell_missing(report: "ValidationReport") -> None:
    """Tell the exchange sessions that are not cached, though later ones are."""
    missing = [record.date for record in report.records if not record.is_cached]
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
        whole = BacktestRange(missing[0], missing[-1], report.ticker)
        _advise(
            f"{len(missing)} exchange sessions between the first and the last are not cached: "
            f"{shown}; rorq download {whole.key} fetches what there is"
        )


def _tell_changed(report: "ValidationReport") -> None:
    """Tell the published ranges whose files were replaced since."""
    from rorq_pipeline.results.changed import changed_since_published

    fingerprints = {one.date: one.fingerprint for one in report.records if one.is_cached}
    changed = changed_since_published(report.ticker, fingerprints)
    if changed:
        _advise(
            f"{len(changed)} published ranges are of other files than those cached now: "
            f"{', '.join(changed)}; rorq materialize {' '.join(changed)} makes them anew"
        )


def _advise(text: str) -> None:
    console.print(text, style="yellow", highlight=False)


def _whole_cache(paths: "ProjectPaths", ticker: str) -> "BacktestRange | None":
    """From the first to the last cached session; None if there is none."""
    from strategy.market_data import list_sessions

    days = list_sessions(brought(paths, ticker), ticker)
    return BacktestRange(days[0], days[-1], ticker) if days else None


def _nothing(paths: "ProjectPaths", ticker: str) -> str:
    return (
        f"no session of {ticker} is cached in {paths.cache_name}; "
        "`rorq sample`, `rorq download RANGE` or `rorq import-legacy` brings some"
    )


def _validated(
    paths: "ProjectPaths", date_range: "BacktestRange", *, allow_missing: bool = False
) -> "ValidationReport":
    """Validate with a progress bar on standard error."""
    from strategy.market_data import list_sessions

    days = [day for day in list_sessions(paths.cache, date_range.ticker) if day in date_range]
    with passing_bars() as progress:
        task = progress.add_task(f"validating sessions of {date_range.ticker}", total=len(days))
        return validate_remembering(
            paths,
            date_range.ticker,
            date_range,
            allow_missing=allow_missing,
            on_session=lambda _day: progress.advance(task),
        )
