"""`rorq walk-forward`: how every way of choosing would have done on the months that followed."""

import json
from typing import TYPE_CHECKING

import click
from rich.table import Table

from rorq_pipeline.cli.common import brought, console, error_console
from rorq_pipeline.cli.days import ticker_alone_option
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import MissingSessionError, SurfaceTooLargeError
from strategy.ticker import default_ticker

if TYPE_CHECKING:
    from optimize.choice.policy_comparison import Nested
    from optimize.choice.policy_record import PolicyFigures

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@ticker_alone_option
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON list with an object a policy and month traded.",
)
def command(ticker: str | None, as_json: bool) -> None:
    """Choose at the end of each cached month, by every policy, and trade the next month with it."""
    from optimize.choice.policy_comparison import nested_choice
    from optimize.choice.policy_record import MonthTable, policy_figures
    from rorq_pipeline.project.choices import make_matrix, project_plan, traded_months

    paths, ticker = ProjectPaths.resolve(), ticker or default_ticker()
    plan = project_plan(paths, ticker)
    brought(paths, ticker)
    with error_console.status("months") as status:
        matrix = make_matrix(paths, plan, ticker, on_month=lambda month: status.update(month))
    if as_json:
        click.echo(json.dumps(traded_months(matrix), indent=1))
        return
    table = MonthTable.of(matrix.records, matrix.policies)
    _show(ticker, matrix.source, policy_figures(table), nested_choice(table))


def show_ways_of_choosing(paths: ProjectPaths, ticker: str) -> None:
    """Print the return on risk of each rule and lookback, over all whole months of the cache.

    Where it is not known, say why: a range alone needs no second month.
    """
    from optimize.choice.policy_record import MonthTable, policy_figures
    from rorq_pipeline.project.choices import make_matrix, project_plan

    try:
        matrix = make_matrix(paths, project_plan(paths, ticker), ticker)
    except (MissingSessionError, SurfaceTooLargeError) as error:
        click.echo(f"ways of choosing  not known: {error.found}")
        return
    _show_by_rule(policy_figures(MonthTable.of(matrix.records, matrix.policies)))


def _show_by_rule(figures: "list[PolicyFigures]") -> None:
    from optimize.choice.policies import DEFAULT_POLICY, LOOKBACKS_MONTHS
    from optimize.choice.rules import RULES

    rate = DEFAULT_POLICY.min_trades_in_21_sessions
    found = {
        (one.policy.rule, one.policy.lookback_months): one.return_on_risk_percent
        for one in figures
        if one.policy.min_trades_in_21_sessions == rate and one.return_on_risk_percent is not None
    }
    shown = [back for back in LOOKBACKS_MONTHS if any((rule, back) in found for rule in RULES)]
    if not shown:
        console.print("ways of choosing  not known: no choice was traded in a month")
        return
    table = Table(title="return on risk in the months that followed, %, by rule and months looked "
                  "back on", title_justify="left", box=None, pad_edge=False)  # fmt: skip
    table.add_column("rule")
    for back in shown:
        table.add_column(str(back), justify="right", no_wrap=True)
    for rule in RULES:
        table.add_row(rule, *(_text(found.get((rule, back)), "{:+.1f}") for back in shown))
    console.print(table)


def _show(ticker: str, source: str, figures: "list[PolicyFigures]", nested: "Nested") -> None:
    from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY

    kind = " (synthetic data)" if source == "synthetic" else ""
    marks = {DEFAULT_POLICY: "*", FORMER_POLICY: "°"}
    table = Table(title=f"{ticker}: each policy on the months after its choices{kind}",
                  title_justify="left", box=None, pad_edge=False)  # fmt: skip
    table.add_column("rule", no_wrap=True)
    for name in ("back", "trades", "months", "> 0", "RoR %", "promised", "USD/month", "90 %"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in figures:
        policy = one.policy
        if not one.n_months:
            continue
        table.add_row(
            policy.rule + marks.get(policy, ""),
            str(policy.lookback_months),
            str(policy.min_trades_in_21_sessions),
            str(one.n_months),
            _text(one.months_above_zero_fraction, "{:.0%}"),
            _text(one.return_on_risk_percent, "{:+.1f}"),
            _text(one.promised_percent, "{:+.1f}"),
            _text(one.usd_a_month, "{:+,.0f}"),
            _text(one.usd_a_month_low, "{:+,.0f} to ") + _text(one.usd_a_month_high, "{:+,.0f}"),
        )
    console.print(table)
    if len(nested.months):
        above = float((nested.net_pnl_usd > 0).mean())
        console.print(
            f"best policy so far, chosen anew each month: {nested.net_pnl_usd.mean():+,.0f} USD a "
            f"month over {len(nested.months)} months, {above:.0%} of them above zero",
        )
    console.print(
        f"* {DEFAULT_POLICY.label}: published by default; ° as was published before. RoR is the "
        "return on risk. back: months looked back on; trades: least in 21 sessions.",
    )
    console.print(
        "The best row of this table, picked afterwards, promises too much: it is the best of "
        f"{len(figures)}.",
    )


def _text(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
