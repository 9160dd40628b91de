"""`rorq study`: the stored studies; nothing here runs or changes one, and one command deletes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rorq_pipeline.cli.common import console
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange
from strategy.errors import StudyMismatchError

if TYPE_CHECKING:
    import optuna

    from optimize.database.connect import DatabaseSettings

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.group()
def command() -> None:
    """Look at the stored studies."""


@command.command("list")
@click.option("--study-name", "base_name", help="Only studies of this base name.")
@click.option("--range", "range_key", metavar="RANGE", help="Only those of this date range.")
def list_command(base_name: str | None, range_key: str | None) -> None:
    """List the studies in order of creation."""
    from optimize.run_study import list_studies

    wanted = BacktestRange.parse(range_key).key if range_key else None
    infos = list_studies(_database(), base_name, wanted)
    if not infos and (base_name or wanted):
        raise StudyMismatchError(
            f"no study of {' and '.join(filter(None, (base_name, wanted)))} is stored",
            expected="the base name or the range of one that is",
            remedy="see `rorq study list`",
        )
    if not infos:
        console.print("no study is stored")
        return
    console.print(f"{'trials':>8}{'completed':>11}{'best, %':>10}  {'last trial, UTC':<18}study")
    for info in infos:
        best = "-" if info.best_value is None else f"{info.best_value:.2f}"
        last = f"{info.last_completed:%Y-%m-%d %H:%M}" if info.last_completed else "-"
        line = f"{info.n_trials:>8}{info.n_complete:>11}{best:>10}  {last:<18}{info.study_name}"
        click.echo(line)


@command.command()
@click.argument("study_name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def show(study_name: str | None, as_json: bool) -> None:
    """Show a study: best trial, counts by outcome, five best trials.

    STUDY_NAME is the full name, as `rorq study list` prints it; by default the latest.
    """
    from optimize.smart_tables import print_summary
    from optimize.study.results import summarize_stored

    summary = summarize_stored(_study(study_name))
    if as_json:
        click.echo(json.dumps(summary.to_json_dict(), indent=2))
    else:
        print_summary(console, summary, ())


@command.command()
@click.argument("study_names", nargs=-1, required=True)
def compare(study_names: tuple[str, ...]) -> None:
    """Show studies side by side, by their full names: what differs, and what each found."""
    from optimize.study.results import summarize_stored
    from rorq_pipeline.cli.tables import flat, side_by_side

    studies = [_study(name) for name in study_names]
    summaries = [summarize_stored(study) for study in studies]
    table = side_by_side(*study_names)
    for name in ("n_complete", "n_trials", "n_failed", "best_value"):
        table.add_row(name, *(_text(getattr(summary, name)) for summary in summaries))
    for group in ("best_params", "best_metrics"):
        table.add_section()
        rows = dict.fromkeys(key for summary in summaries for key in getattr(summary, group))
        for key in rows:
            table.add_row(key, *(_text(getattr(s, group).get(key)) for s in summaries))
    table.add_section()
    attributes = [flat(study.user_attrs) for study in studies]
    for key in dict.fromkeys(key for one in attributes for key in one):
        values = [_text(one.get(key)) for one in attributes]
        if len(set(values)) > 1:
            table.add_row(f"differs: {key}", *values)
    console.print(table)


@command.command()
@click.argument("study_name", required=False)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write; its ending says how: .csv, .parquet or .json.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the N best completed trials, best first; by default all trials.",
)
def export(study_name: str | None, output: Path, top: int | None) -> None:
    """Write a study's trials as a table, one row a trial, with parameters and metrics.

    STUDY_NAME is the full name, as `rorq study list` prints it; by default the latest.
    """
    from optimize.storage.export import trials_frame, write_frame

    frame = trials_frame(_study(study_name))
    if top is not None:
        complete = frame[frame["state"] == "COMPLETE"]
        frame = complete.nlargest(top, "return_on_risk_percent")
    write_frame(frame, output)
    click.echo(f"{len(frame)} trials in {output}")


@command.command()
@click.argument("study_names", nargs=-1, required=True)
def delete(study_names: tuple[str, ...]) -> None:
    """Delete studies with all their trials, by their full names.

    What was published from them stays.
    """
    from optimize.storage.catalog import delete_stored

    database = _database()
    for study in [_study(name) for name in dict.fromkeys(study_names)]:  # all are there, or none
        delete_stored(database, study.study_name)
        click.echo(f"deleted {study.study_name} with {len(study.trials)} trials")


def _database() -> "DatabaseSettings":
    from optimize.database.connect import ensure_database

    return ensure_database(ProjectPaths.resolve().root)


def _study(study_name: str | None) -> "optuna.Study":
    from optimize.run_study import list_studies, open_study

    database = _database()
    if study_name is None:
        infos = [info for info in list_studies(database) if info.last_completed is not None]
        if not infos:
            raise StudyMismatchError(
                "no study is stored",
                expected="at least one",
                remedy="run `rorq demo`, `rorq materialize RANGE` or `python -m optimize.smart`",
            )
        study_name = max(infos, key=lambda info: str(info.last_completed)).study_name
    return open_study(database, study_name)


def _text(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else "-" if value is None else str(value)
