"""Publications of a range: each is kept once, under a number that stays."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from rorq_pipeline.cli.main import main
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.project.run_config import command_run_config
from rorq_pipeline.results.history import (
    history_folder,
    keep_publication,
    market_data_of,
    publication,
    publications,
    run_config_of,
)
from rorq_pipeline.results.models import BestParams
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results_made import best_params

KEY = "2023-01-03_2023-01-06"


@pytest.fixture
def kept(project: ProjectPaths) -> BestParams:
    """The first of two publications; the second is what is published now."""
    best, optimization = best_params(), fixtures.optimization()
    other = best_params(selection="exact_best", trial_number=None)
    assert keep_publication(best, optimization, MarketData(), run_id="a") == 1
    assert keep_publication(other, optimization, MarketData(), run_id="b") == 2
    other.write_file(BestParams.path(KEY))
    return best


def results(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["results", *arguments])


def test_the_same_result_is_kept_once(kept: BestParams) -> None:
    assert keep_publication(kept, fixtures.optimization(), MarketData(), run_id="c") == 1
    assert [p.run_id for p in publications(KEY).values()] == ["a", "b"]
    assert publication(KEY, 1).best == kept


def test_a_damaged_publication_hides_no_other_and_its_number_is_not_given_again(
    kept: BestParams,
) -> None:
    (history_folder(KEY) / "2.json").write_text("{}")
    assert list(publications(KEY)) == [1]
    assert "; remove 2.json: the other publications" in results(KEY, "--restore", "2").stderr
    changed = best_params(n_complete_trials=7)
    assert keep_publication(changed, fixtures.optimization(), MarketData(), run_id="d") == 3
    assert list(publications(KEY)) == [1, 3]


def test_it_says_when_it_was_made_to_the_second(project: ProjectPaths) -> None:
    before = datetime.now(UTC)
    number = keep_publication(
        best=best_params(),
        optimization=fixtures.optimization(),
        market_data=MarketData(),
        run_id="a",
    )
    made = publication(best_params().date_range, number, project.artifacts)
    assert number == 1
    assert before - timedelta(seconds=1) < made.published_at <= datetime.now(UTC)
    assert made.published_at.microsecond == 0
    assert (made.run_id, made.best) == ("a", best_params())


def test_they_are_listed_and_compared(kept: BestParams) -> None:
    lines = results(KEY).output.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["1", "*"]
    assert "exact_best of" in lines[2]
    compared = results(KEY, "--compare", "1", "2").output
    assert "return_on_risk_percent" in compared
    assert "differs: best_params.selection" in compared
    assert "differs: optimization.n_trials" not in compared
    assert "…" not in compared


@pytest.mark.parametrize("option", [("--restore", "9"), ("--compare", "1", "9")])
def test_a_publication_that_is_not_there_is_one_line(kept: BestParams, option: tuple[str]) -> None:
    result = results(KEY, *option)
    assert result.exit_code == 1
    assert f"has no publication 9; expected one of those that are kept; see rorq results {KEY}" in (
        result.stderr
    )


def test_nothing_published_is_one_line(project: ProjectPaths) -> None:
    result = results(KEY)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"make one with: rorq materialize {KEY}" in result.stderr


def test_its_run_config_is_admitted_and_complete(kept: BestParams, project: ProjectPaths) -> None:
    optimization = fixtures.optimization()
    config = run_config_of(kept, optimization, MarketData())
    command_run_config(project.root, set(config["ops"]), config)
    told = config["ops"]["optimization"]["config"]
    left_out = {"workers", "shared", "lock_wait_seconds", "enable_persistence"}
    settings = optimization.settings.model_dump(mode="json")
    assert {k: told[k] for k in settings if k not in left_out} == {
        k: v for k, v in settings.items() if k not in left_out
    }
    assert told["search_space"] == optimization.search_space.to_json_dict()


def test_its_run_config_fixes_what_was_not_searched_beside_the_ticker() -> None:
    fixed = {"latency_seconds": 3, "ticker": "SPY", "slippage_amount": 0.01}
    study = fixtures.optimization().model_copy(update={"fixed_params": fixed})
    ops = run_config_of(best_params(), study, MarketData())["ops"]
    for asset in ("optimization", "parameter_surface"):
        assert ops[asset]["config"]["fixed_params"] == {
            "latency_seconds": 3, "slippage_amount": 0.01,
        }  # fmt: skip
    assert ops["best_params"] == {
        "config": {"selection": "study_best", "min_trades_per_session": 30 / 21}
    }


def test_its_run_config_asks_for_what_was_asked_for() -> None:
    """By the rule that could choose nothing, on sessions of which some were missing."""
    fallen_back = best_params(instead_of="smooth", min_trades_per_session=0.25)
    study = fixtures.optimization()
    sessions = MarketData(folder="/elsewhere", allow_missing_sessions=True)
    config = run_config_of(fallen_back, study, sessions)
    choice = config["ops"]["best_params"]["config"]
    assert choice == {"selection": "smooth", "min_trades_per_session": 0.25}
    assert market_data_of(config) == sessions
    assert market_data_of(run_config_of(fallen_back, study, MarketData())) == (MarketData())
