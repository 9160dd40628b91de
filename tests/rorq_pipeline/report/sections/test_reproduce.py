"""What makes the report again, each value under its own title."""

from datetime import UTC, datetime

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report.sections.reproduce import reproduce_section
from rorq_pipeline.results.history import Publication
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.fixtures import verdict
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import best_params


def test_publications_are_told_and_the_one_that_is_shown_is_marked() -> None:
    moments = (datetime(2023, 2, 1, 8, 5, 30, tzinfo=UTC), datetime(2023, 2, 3, 17, 0, tzinfo=UTC))
    bests = (best_params(selection="plateau"), best_params())
    publications = {
        number: Publication(published_at=moment, run_id="", run_config={}, best=best)
        for number, moment, best in zip((1, 4), moments, bests, strict=True)
    }
    assert reproduce_section(small_data(publications=publications)).context["publications"] == [
        {
            "number": 1, "published": "2023-02-01 08:05 UTC", "selection": "plateau",
            "return_on_risk_percent": 12.0, "total_trades": 12, "is_shown": False,
        },
        {
            "number": 4, "published": "2023-02-03 17:00 UTC", "selection": "study_best",
            "return_on_risk_percent": 12.0, "total_trades": 12, "is_shown": True,
        },
    ]  # fmt: skip


def test_settings_stand_in_groups() -> None:
    best = {"strategy_params": StrategyParams(take_profit_percent=40)}
    data = small_data(versions={"python": "3.11.7"}, best=best)
    groups = dict(reproduce_section(data).context["groups"])
    assert list(groups) == [
        "Versions", "Study settings", "Configuration", "Search space", "Strategy parameters",
        "Verdict limits",
    ]  # fmt: skip
    assert groups["Versions"] == {"python": "3.11.7"}
    assert groups["Study settings"]["min_trade_threshold"] == 5
    assert groups["Configuration"] == {"ticker": "SPY"}
    assert groups["Search space"]["take_profit_percent"] == [25, 50]
    assert groups["Strategy parameters"]["take_profit_percent"] == 40
    assert groups["Verdict limits"] == {}


def test_the_limits_are_those_of_the_verdict() -> None:
    record = verdict(best_params()).model_copy(
        update={"limits": VerdictSettings(trades_to_reject=7)}
    )
    groups = dict(reproduce_section(small_data(verdict=record)).context["groups"])
    assert groups["Verdict limits"]["trades_to_reject"] == 7
