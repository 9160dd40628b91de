"""What a range came to: how `rorq materialize`, `demo` and `results --restore` end."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

import click

from rorq_pipeline.cli.common import console

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

ALL = ("optimization", "best_params", "verdict", "report")


def show_outcome(
    key: str, assets: Collection[str] = ALL, then: Sequence[tuple[str, str]] = ()
) -> None:
    """Print what the assets of a range hold, and the next useful command or those of `then`."""
    if "best_params" in assets:
        _show_best(key)
    elif "optimization" in assets:
        _show_study(key)
    if "verdict" in assets:
        _show_verdict(key)
    if "report" in assets:
        from rorq_pipeline.results.artifacts import artifact_path

        click.echo(f"report  {artifact_path('report', key, '.html')}")
    for command, meaning in then or [_next(key, assets)]:
        click.echo(f"next: {command}    # {meaning}")


def _show_best(key: str) -> None:
    from rorq_pipeline.cli.tables import value_table
    from rorq_pipeline.results.models import BestParams

    best = BestParams.read(key)
    console.print(value_table("best parameters", best.trial_params))
    console.print(value_table("metrics", asdict(best.metrics)))
    if best.is_synthetic:
        console.print("made from synthetic sessions: no statement about any market")
    console.print(f"choice  {best.selection}")
    click.echo(f"study   {best.study_name}")


def _show_study(key: str) -> None:
    from rorq_pipeline.results.models import Optimization

    study = Optimization.read(key).study
    value = "none" if study.best_value is None else f"{study.best_value:.2f}%"
    console.print(f"best return on risk {value} of {study.n_complete} completed trials")
    click.echo(f"study   {study.study_name}")


def _show_verdict(key: str) -> None:
    from rorq_pipeline.results.models import VerdictRecord

    line = VerdictRecord.read(key).verdict.line
    click.echo(f"verdict {line}")


def _next(key: str, assets: Collection[str]) -> tuple[str, str]:
    if "report" in assets:
        return f"rorq backtest {key} --best", "every trade of these parameters"
    if "best_params" in assets:
        return f"rorq materialize {key}", "the evidence, verdict and report; the study is kept"
    if "optimization" in assets:
        return f"rorq materialize {key}", "publish, test and report it; the study is kept"
    return f"rorq materialize {key}", "the whole chain"
