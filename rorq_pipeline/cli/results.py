"""`rorq results`: what was published for a range, now and before."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rorq_pipeline.cli.common import console
from rorq_pipeline.cli.tables import flat, side_by_side, value_text
from strategy.backtest_range import BacktestRange
from strategy.errors import StudyMismatchError

if TYPE_CHECKING:
    from rorq_pipeline.results.history import Publication

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@click.argument("date_range", metavar="RANGE")
@click.option("--compare", nargs=2, type=int, metavar="N M", help="Two publications side by side.")
@click.option("--restore", type=int, metavar="N", help="Publish an earlier one again.")
def command(date_range: str, compare: tuple[int, int] | None, restore: int | None) -> None:
    """List what was published for RANGE: parameters are kept when others replace them.

    RANGE is one such as 2023-01-03_2023-01-31, or a month such as 2023-01.

    Restoring runs the chain with the run config of that publication. Its study is resumed if it is
    still stored, so that this takes no new search; the evidence and the report follow.
    """
    chosen = BacktestRange.parse(date_range)
    if compare is not None:
        _compare(chosen, *compare)
    elif restore is not None:
        _restore(chosen, restore)
    else:
        _list(chosen)


def _list(date_range: "BacktestRange") -> None:
    from rorq_pipeline.results.artifacts import ArtifactError
    from rorq_pipeline.results.history import publications
    from rorq_pipeline.results.models import BestParams

    kept = publications(date_range.key)
    if not kept:
        raise ArtifactError(
            f"nothing was published for {date_range.key}",
            expected="at least one publication",
            remedy=f"make one with: rorq materialize {date_range.key}",
        )
    now = BestParams.read(date_range.key)
    console.print(
        f"{'':2}{'N':>3}  {'published, UTC':<16}  {'return on risk, %':>18}{'trades':>8}  choice"
    )
    for number, one in kept.items():
        mark = "*" if one.best == now else ""
        value = one.best.metrics.return_on_risk_percent
        shown = "-" if value is None else f"{value:.2f}"
        line = (
            f"{mark:2}{number:>3}  {one.published_at:%Y-%m-%d %H:%M}  {shown:>18}"
            f"{one.best.metrics.total_trades:>8}  {one.best.selection} of {one.best.study_name}"
        )
        click.echo(line)
    click.echo(f"* is published now; rorq results {date_range.key} --compare N M, --restore N")


def _compare(date_range: "BacktestRange", first: int, second: int) -> None:
    from rorq_pipeline.results.history import publication

    left, right = (publication(date_range.key, number) for number in (first, second))
    table = side_by_side(str(first), str(second), title=date_range.key)
    for name, one, other in _rows(left, right):
        table.add_row(name, value_text(one), value_text(other))
    console.print(table)


def _rows(left: "Publication", right: "Publication") -> Iterator[tuple[str, Any, Any]]:
    """Metrics and parameters, and what differs of the rest."""
    one, other = ({**asdict(p.best.metrics), **p.best.trial_params} for p in (left, right))
    for name in dict.fromkeys([*one, *other]):
        yield name, one.get(name), other.get(name)
    one, other = map(_settings, (left, right))
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            yield f"differs: {name}", one.get(name), other.get(name)


def _settings(made: "Publication") -> dict[str, Any]:
    """Run config and what else a publication is of."""
    return {
        **flat({op: one["config"] for op, one in made.run_config["ops"].items()}),
        "study": made.best.study_name,
        "data": made.best.data_fingerprint[:12],
        "engine version": made.best.engine_version,
        "run": made.run_id,
        "published, UTC": f"{made.published_at:%Y-%m-%d %H:%M:%S}",
    }


def _restore(date_range: "BacktestRange", number: int) -> None:
    from rorq_pipeline.cli.outcome import show_outcome
    from rorq_pipeline.cli.progress import step_lines_logger
    from rorq_pipeline.definitions import build_definitions
    from rorq_pipeline.results.history import market_data_of, publication, publications
    from rorq_pipeline.results.models import BestParams
    from rorq_pipeline.results.published import sessions_of_study
    from rorq_pipeline.runner import materialize_range
    from strategy.backtest import ENGINE_VERSION

    former = publication(date_range.key, number)
    if former.best.engine_version != ENGINE_VERSION:
        raise StudyMismatchError(
            f"publication {number} was made by engine version {former.best.engine_version}",
            expected=f"version {ENGINE_VERSION}, by which it would be made again",
            remedy="install that version of the program, or materialize the range anew",
        )
    sessions_of_study(former.best, market_data_of(former.run_config), date_range)
    materialize_range(
        date_range,
        run_config=former.run_config,
        definitions=build_definitions(loggers={"console": step_lines_logger}),
    )
    if BestParams.read(date_range.key) != former.best:
        raise StudyMismatchError(
            f"publication {number} did not come again",
            expected="the same parameters and figures from the same run config",
            remedy=f"see what differs: rorq results {date_range.key} --compare {number} "
            f"{max(publications(date_range.key))}",
        )
    show_outcome(date_range.key)
