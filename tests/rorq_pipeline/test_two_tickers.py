"""Two underlyings of the same dates, side by side: nothing of one is touched by the other."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from optimize.database.connect import DatabaseSettings
from optimize.run_study import list_studies
from rorq_pipeline.automation.published import is_published
from rorq_pipeline.dagster_support.internals import IMPLICIT_ASSET_JOB_NAME
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.run_config import CONFIGURED_OPS, project_run_config
from rorq_pipeline.results.models import BestParams, WalkForwardRecord
from strategy.backtest_range import BacktestRange
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import small_config

DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 5), date(2023, 1, 6))
SPY, LATER = "2023-01-03_2023-01-04", "2023-01-05_2023-01-06"
QQQ, LATER_QQQ = f"QQQ_{SPY}", f"QQQ_{LATER}"
CHANGING = {"index.html"}  # the one page of all ranges
Rorq = Callable[..., Result]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def two_tickers(project: ProjectPaths, database_environment: DatabaseSettings) -> ProjectPaths:
    """Sample sessions of SPY and of QQQ, and run config of a small search."""
    for ticker, seed in (("SPY", 0), ("QQQ", 7)):
        write_samples(project.cache, DAYS, SampleSettings(ticker=ticker, seed=seed))
    config = small_config("validated_cache", "optimization", "parameter_surface")
    (project.root / "run_config.yaml").write_text(config)
    return project


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in CHANGING:
            yield str(path.relative_to(folder)), path.read_bytes()


@pytest.mark.slow
def test_a_second_ticker_leaves_the_first_as_it_was(
    two_tickers: ProjectPaths, rorq: Rorq, database: DatabaseSettings
) -> None:
    for key in (SPY, LATER):
        made = rorq("materialize", key)
        assert made.exit_code == 0, made.output
    before = dict(files(two_tickers.artifacts))

    for key in (QQQ, LATER_QQQ):
        made = rorq("materialize", key)
        assert made.exit_code == 0, made.output
        assert f"materialised {key}" in made.output.replace("\n", " ")
    after = dict(files(two_tickers.artifacts))
    assert {name: after[name] for name in before} == before
    new = {name for name in after if name not in before}
    assert all(any(part.startswith("QQQ_") for part in Path(name).parts) for name in new)
    assert len(new) == len(before)

    best = BestParams.read(QQQ)
    assert best.strategy_params.ticker == "QQQ"
    assert best.data_fingerprint != BestParams.read(SPY).data_fingerprint
    assert {info.date_range for info in list_studies(database)} == {SPY, LATER, QQQ, LATER_QQQ}
    only_qqq = rorq("study", "list", "--range", QQQ).output
    assert f"/{QQQ}/" in only_qqq
    assert f"/{SPY}/" not in only_qqq

    index = (two_tickers.artifacts / "report" / "index.html").read_text("utf-8")
    assert all(f'href="./{key}.html"' in index for key in (SPY, LATER, QQQ, LATER_QQQ))
    assert ">Walk-forward of SPY<" in index
    assert ">Walk-forward of QQQ<" in index
    for key, earlier in ((LATER, SPY), (LATER_QQQ, QQQ)):
        (step,) = WalkForwardRecord.read(key).record.steps
        assert (step.chosen_in, step.traded_in) == (earlier, key)

    _published_is_told_by_ticker_data_and_config(two_tickers)


def _published_is_told_by_ticker_data_and_config(project: ProjectPaths) -> None:
    config = project_run_config(project.root, CONFIGURED_OPS)
    spy, qqq = (BestParams.read(key).data_fingerprint for key in (SPY, QQQ))
    assert is_published(BacktestRange.parse(SPY), spy, config)
    assert is_published(BacktestRange.parse(QQQ), qqq, config)
    assert not is_published(BacktestRange.parse(SPY), qqq, config)
    assert not is_published(BacktestRange.parse(SPY), spy, {})
    other = {"ops": {**config["ops"], "verdict": {"config": {"trades_to_trade": 12}}}}
    assert not is_published(BacktestRange.parse(SPY), spy, other)
    page = project.artifacts / "report" / f"{SPY}.html"
    page.rename(page.with_suffix(".away"))
    assert not is_published(BacktestRange.parse(SPY), spy, config)


@pytest.mark.slow
def test_two_tickers_at_the_same_time_are_as_one_after_the_other(
    two_tickers: ProjectPaths, database: DatabaseSettings
) -> None:
    environment = {**os.environ, **database.environment(), "RORQ_HOME": str(two_tickers.root)}
    command = [sys.executable, "-m", "rorq_pipeline.cli", "materialize"]

    def at_once(*keys: str) -> None:
        runs = [
            subprocess.Popen([*command, key], env=environment, stderr=subprocess.PIPE)
            for key in keys
        ]
        for run in runs:
            _, said = run.communicate(timeout=300)
            assert run.returncode == 0, said.decode()[-3000:]

    at_once(SPY, QQQ)
    told = {name: text for name, text in files(two_tickers.artifacts) if "best_params" in name}
    assert set(told) == {f"best_params/{key}.json" for key in (SPY, QQQ)}
    index = (two_tickers.artifacts / "report" / "index.html").read_text("utf-8")
    assert all(f'href="./{key}.html"' in index for key in (SPY, QQQ))
    at_once(SPY)  # alone: the same parameters, to the byte
    again = dict(files(two_tickers.artifacts))
    assert {name: again[name] for name in told} == told


@pytest.mark.parametrize("key", ["2023-01-01_2023-01-04", "SPY_2023-01-02_2023-01-04"])
def test_other_dates_of_the_same_sessions_are_the_same_range(
    two_tickers: ProjectPaths, rorq: Rorq, database: DatabaseSettings, key: str
) -> None:
    """Added by hand in Dagster's page, or typed: one study, one file, and the result says which."""
    import dagster as dg

    from rorq_pipeline.dagster_support.instance import project_instance
    from rorq_pipeline.definitions import build_definitions

    defs = build_definitions()
    with project_instance(two_tickers) as instance:
        instance.add_dynamic_partitions("backtest_range", [key])
        result = defs.resolve_job_def(IMPLICIT_ASSET_JOB_NAME).execute_in_process(
            instance=instance,
            partition_key=key,
            asset_selection=[dg.AssetKey("validated_cache"), dg.AssetKey("optimization")],
            run_config=project_run_config(two_tickers.root, ("validated_cache", "optimization")),
        )
        assert result.success
        (made,) = result.asset_materializations_for_node("optimization")
    assert made.metadata["canonical_key"].value == SPY
    assert (two_tickers.artifacts / "optimization" / f"{SPY}.json").is_file()
    assert not (two_tickers.artifacts / "optimization" / f"{key}.json").exists()
    typed = rorq("materialize", key, "--select", "optimization")
    assert f"materialised {SPY}" in typed.output.replace("\n", " ")
    (study,) = list_studies(database)
    assert study.date_range == SPY
    assert [info.date_range for info in list_studies(database, range=key)] == [SPY]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("materialize", "../../etc_2023-01-03_2023-01-04"), "ticker '../../etc'"),
        (("env", "qqq_2023-01-03_2023-01-04"), "write the range as QQQ_"),
        (("backtest", SPY, "--set", "ticker=QQQ"), "the ticker in the range alone"),
    ],
)
def test_a_ticker_from_anywhere_else_is_refused_in_one_line(
    project: ProjectPaths, rorq: Rorq, command: tuple[str, ...], message: str
) -> None:
    refused = rorq(*command)
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert message in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
