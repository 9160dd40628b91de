"""The table of `rorq walk-forward`, against sums of the months that were made for it."""

import re

import numpy as np
import pytest

from optimize.choice.policies import DEFAULT_POLICY, all_policies
from optimize.choice.policy_comparison import nested_choice
from optimize.choice.policy_record import MonthTable, policy_figures
from rorq_pipeline.cli import walk_forward
from rorq_pipeline.cli.common import console
from tests.rorq_pipeline.report.fixtures import matrix_months


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> tuple[MonthTable, list[str]]:
    monkeypatch.setattr(console, "_width", 200)
    table = MonthTable.of(matrix_months(), all_policies())
    with console.capture() as captured:
        walk_forward._show("QQQ", "synthetic", policy_figures(table), nested_choice(table))
    return table, captured.get().splitlines()


def test_each_policy_is_a_row_of_its_months(shown: tuple[MonthTable, list[str]]) -> None:
    table, lines = shown
    assert lines[0].strip() == "QQQ: each policy on the months after its choices (synthetic data)"
    assert lines[1].split() == ["rule", "back", "trades", "months", ">", "0", "RoR", "%",
                                "promised", "USD/month", "90", "%"]  # fmt: skip
    figures = {one.policy: one for one in policy_figures(table)}
    rows = lines[2 : 2 + len(table.policies)]
    for column, (policy, row) in enumerate(zip(table.policies, rows, strict=True)):
        rule, back, trades, months, above, value, promised, usd, *interval = row.split()
        on = table.judged[:, column]
        pnl, risk = table.net_pnl_usd[on, column], table.risk_usd[on, column]
        assert (rule.rstrip("*°"), back) == (policy.rule, str(policy.lookback_months))
        assert (trades, months) == (str(policy.min_trades_in_21_sessions), str(on.sum()))
        assert rule.endswith("*") == (policy == DEFAULT_POLICY)
        assert above == f"{(pnl > 0).mean():.0%}"
        assert value == f"{100 * pnl.sum() / risk.sum():+.1f}"
        assert promised == "+30.0"
        assert usd == f"{pnl.mean():+,.0f}"
        assert bool(interval) == (figures[policy].usd_a_month_low is not None)
        if interval:
            low, to, high = interval
            assert to == "to"
            assert float(low.replace(",", "")) < pnl.mean() < float(high.replace(",", ""))


def test_the_best_policy_so_far_is_told_with_its_months(
    shown: tuple[MonthTable, list[str]],
) -> None:
    table, lines = shown
    nested = nested_choice(table)
    (line,) = (line for line in lines if line.startswith("best policy so far"))
    pnl = np.asarray(nested.net_pnl_usd)
    n = len(nested.months)
    assert re.findall(r"[+-][\d,]+ USD", line) == [f"{sum(pnl) / n:+,.0f} USD"]
    assert f"over {n} months, {sum(pnl > 0) / n:.0%} of them above zero" in line
    assert lines[-1].endswith(f"it is the best of {len(table.policies)}.")


def test_real_months_have_no_mark_and_none_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 200)
    table = MonthTable.of(matrix_months()[:1], all_policies())
    with console.capture() as captured:
        walk_forward._show("SPY", "polygon", policy_figures(table), nested_choice(table))
    lines = captured.get().splitlines()
    assert lines[0].strip() == "SPY: each policy on the months after its choices"
    assert not [line for line in lines if line.startswith("best policy")]
    assert len(lines) == 4  # no row
