"""How a run ends: what its assets hold, and the next useful command."""

from collections.abc import Collection
from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, create_trial

from optimize.statistics import Evidence, Verdict, VerdictSettings
from optimize.study.results import summarize
from optimize.study.settings import StudySettings
from rorq_pipeline.cli.outcome import show_outcome
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.models import BestParams, Optimization, VerdictRecord
from strategy.metrics import Metrics
from tests.rorq_pipeline.results_made import best_params
from tests.spaces import space_of

KEY = "2023-01-03_2023-01-06"
STUDY = f"vwap_reclaim/{KEY}/0123456789ab"
METRICS = Metrics(
    total_trades=12,
    win_rate_percent=58.3,
    expectancy_usd=-1234.5,
    avg_risk_per_trade_usd=62.5,
    return_on_risk_percent=12.0,
    net_pnl_usd=12345.6,
    daily_sharpe=None,
    profit_factor=1.6,
    max_drawdown_usd=31.0,
)
TABLES = [
    "best parameters",
    "┌─────────────────────┬────┐",
    "│ take_profit_percent │ 50 │",
    "└─────────────────────┴────┘",
    "metrics",
    "┌────────────────────────┬────────┐",
    "│ total_trades           │     12 │",
    "│ win_rate_percent       │   58.3 │",
    "│ expectancy_usd         │ -1,234 │",
    "│ avg_risk_per_trade_usd │   62.5 │",
    "│ return_on_risk_percent │     12 │",
    "│ net_pnl_usd            │ 12,346 │",
    "│ daily_sharpe           │   none │",
    "│ profit_factor          │    1.6 │",
    "│ max_drawdown_usd       │     31 │",
    "└────────────────────────┴────────┘",
]
EVIDENCE = Evidence(
    total_trades=12, return_on_risk_percent=12.0, promised_percent=12.0,
    overfitting_fraction=None, loss_fraction=None, deflated_sharpe_fraction=None,
    superior_ability_p_value=None, out_of_sample_traded_sessions=0,
    out_of_sample_return_on_risk_percent=None, out_of_sample_gain_p_value=None,
    out_of_sample_loss_p_value=None, adverse_fills_return_on_risk_percent=None,
    no_look_ahead=None, replay_agrees=None,
)  # fmt: skip
CHOICE = ["choice  study_best", f"study   {STUDY}"]
LINE = "watch: 12 trades (trade needs at least 30) [of 90]"


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose name might be taken for a style."""
    folder = tmp_path / "[red]"
    monkeypatch.setenv("RORQ_ARTIFACTS", str(folder))
    return folder


def published(source: str) -> None:
    """Parameters and their verdict."""
    best = best_params(source=source, metrics=METRICS)
    best.write_file(BestParams.path(KEY))
    VerdictRecord(
        of=best.identity,
        verdict=Verdict(decision="watch", line=LINE, findings=()),
        evidence=EVIDENCE,
        limits=VerdictSettings(),
    ).write_file(VerdictRecord.path(KEY))


def searched(*trials: FrozenTrial) -> None:
    """A study of these trials."""
    study = summarize(
        trials,
        fixed_params={},
        n_before=0,
        seconds=1.0,
        study_name=STUDY,
        warm_started_from=None,
        stop_reason="completed",
        search_space_size=1,
    )
    Optimization(
        date_range=KEY,
        study=study,
        settings=StudySettings(),
        search_space=space_of(),
        fixed_params={},
        data_fingerprint="cd" * 32,
    ).write_file(Optimization.path(KEY))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip(" ") for line in capsys.readouterr().out.splitlines()]


def test_all_ends_with_parameters_verdict_and_page(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published("polygon")
    show_outcome(KEY)
    assert lines(capsys) == [
        *TABLES,
        *CHOICE,
        f"verdict {LINE}",
        f"report  {artifacts}/report/{KEY}.html",
        f"next: rorq backtest {KEY} --best    # every trade of these parameters",
    ]


def test_parameters_alone_lead_to_the_rest_and_synthetic_ones_are_told(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published("synthetic")
    show_outcome(KEY, {"optimization", "best_params"})
    assert lines(capsys) == [
        *TABLES,
        "made from synthetic sessions: no statement about any market",
        *CHOICE,
        f"next: rorq materialize {KEY}    # the evidence, verdict and report; the study is kept",
    ]


def test_a_study_alone_leads_to_what_is_made_of_it(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = space_of()
    only = create_trial(
        value=12.348,
        params=space.combination(0),
        distributions={name: CategoricalDistribution(space[name]) for name in space.names},
    )
    after = [
        f"study   {STUDY}",
        f"next: rorq materialize {KEY}    # publish, test and report it; the study is kept",
    ]
    searched(only)
    show_outcome(KEY, ["optimization"])
    assert lines(capsys) == ["best return on risk 12.35% of 1 completed trials", *after]
    searched()
    show_outcome(KEY, ["optimization"])
    assert lines(capsys) == ["best return on risk none of 0 completed trials", *after]


@pytest.mark.parametrize(
    ("assets", "line"),
    [
        (["validated_cache"], f"next: rorq materialize {KEY}    # the whole chain"),
        (["verdict"], f"verdict {LINE}"),
    ],
)
def test_of_other_assets_there_is_less_to_say(
    artifacts: Path, capsys: pytest.CaptureFixture[str], assets: Collection[str], line: str
) -> None:
    published("polygon")
    show_outcome(KEY, assets)
    assert lines(capsys)[0] == line


def test_what_is_named_stands_in_place_of_the_next_command(
    project: ProjectPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    show_outcome(KEY, [], [("open a", "the page"), ("rorq dev", "the same")])
    assert lines(capsys) == ["next: open a    # the page", "next: rorq dev    # the same"]
