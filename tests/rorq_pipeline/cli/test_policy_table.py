"""The table of `rorq walk-forward`, against sums of the months that were made for it."""

import re

import numpy as np
import pytest

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, Policy, all_policies
from optimize.choice.policy_comparison import Nested, nested_choice
from optimize.choice.policy_record import MonthTable, PolicyFigures, policy_figures
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


@pytest.mark.parametrize("source", ["polygon", "unknown"])
def test_real_months_have_no_mark_and_none_no_line(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(console, "_width", 200)
    table = MonthTable.of(matrix_months()[:1], all_policies())
    with console.capture() as captured:
        walk_forward._show("SPY", source, policy_figures(table), nested_choice(table))
    lines = captured.get().splitlines()
    assert lines[0].strip() == "SPY: each policy on the months after its choices"
    assert not [line for line in lines if line.startswith("best policy")]
    assert len(lines) == 4  # no row


def figures(policy: Policy, **known: float | None) -> PolicyFigures:
    """The figures that are named; of the rest none."""
    none = dict.fromkeys(PolicyFigures.__dataclass_fields__)
    return PolicyFigures(**{**none, "n_months": 0, **known, "policy": policy})


def policy(rule: str, lookback: int | str, rate: float = 30) -> Policy:
    return Policy(rule=rule, lookback_months=lookback, min_trades_in_21_sessions=rate)


THREE = [
    figures(
        FORMER_POLICY,
        n_months=2,
        months_above_zero_fraction=0.5,
        return_on_risk_percent=-1.26,
        usd_a_month=-20.4,
    ),
    figures(policy("plateau", 6, 100)),  # had no month
    figures(
        DEFAULT_POLICY,
        n_months=4,
        months_above_zero_fraction=0.754,
        return_on_risk_percent=12.34,
        promised_percent=30.06,
        usd_a_month=1234.4,
        usd_a_month_low=-250.4,
        usd_a_month_high=2600.6,
    ),
]
BEST_SO_FAR = "+33 USD a month over 3 months, 67% of them above zero"
MEANING = (
    "° as was published before. RoR is the return on risk. back: months looked back on; trades: "
    "least in 21 sessions."
)
NESTED = Nested(
    months=("2023-02", "2023-03", "2023-04"),
    policies=(DEFAULT_POLICY,) * 3,
    net_pnl_usd=np.array([100.0, 0.0, 0.4]),
    risk_usd=np.ones(3),
    session_net_pnl_usd=np.ones(3),
    next_policy=DEFAULT_POLICY,
)


def test_policies_without_a_month_have_no_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_width", 200)
    walk_forward._show("SPY", b"synthetic".decode(), THREE, NESTED)  # as it is read from a file
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "SPY: each policy on the months after its choices (synthetic data)",
        "rule         back  trades  months  > 0  RoR %  promised  USD/month            90 %",
        "exact_best°     1      10       2  50%   -1.3                  -20",
        "smooth*         3      30       4  75%  +12.3     +30.1     +1,234  -250 to +2,601",
        f"best policy so far, chosen anew each month: {BEST_SO_FAR}",
        f"* smooth, 3 months, 30 trades: published by default; {MEANING}",
        "The best row of this table, picked afterwards, promises too much: it is the best of 3.",
    ]


def test_a_narrow_terminal_breaks_no_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_width", 40)
    walk_forward._show("SPY", "polygon", THREE, NESTED)
    starts = [line[:3] for line in capsys.readouterr().out.splitlines()]
    assert starts[-6:] == ["rul", "exa", "smo", "bes", "* s", "The"]
    monkeypatch.setattr(console, "_width", 25)  # six less than it takes
    walk_forward._show_by_rule(BY_RULE)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()[1:]] == [
        "rule      1      12   all",
        "exac…  +1.3",
        "plat…                +0.0",
        "lowe…",
        "smoo…        -105.0",
    ]


BY_RULE = [
    figures(policy("exact_best", 1, 10), return_on_risk_percent=7.0),
    figures(policy("exact_best", 1, 30.0), return_on_risk_percent=1.26),
    figures(policy("exact_best", 1, 100), return_on_risk_percent=8.0),
    figures(policy("plateau", 2, 10), return_on_risk_percent=9.0),
    figures(policy("smooth", 3), return_on_risk_percent=None),
    figures(policy("smooth", 12), return_on_risk_percent=-105.0),
    figures(policy("plateau", "all"), return_on_risk_percent=0.0),
]


def test_rules_stand_by_the_lookbacks_of_which_something_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    walk_forward._show_by_rule(BY_RULE)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "return on risk in the months that followed, %, by rule and months looked back on",
        "rule            1      12   all",
        "exact_best   +1.3",
        "plateau                    +0.0",
        "lower_bound",
        "smooth             -105.0",
    ]


def test_where_nothing_was_traded_by_the_default_rate_it_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    walk_forward._show_by_rule([BY_RULE[0], BY_RULE[4]])
    assert capsys.readouterr().out == (
        "ways of choosing  not known: no choice was traded in a month\n"
    )
