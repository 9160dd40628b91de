from dataclasses import asdict

from optimize.choice.candidates import Candidate, Regret
from rorq_pipeline.assets.best_params import told
from rorq_pipeline.results.models import ComparedSelection
from strategy.params import StrategyParams
from tests.rorq_pipeline.conftest import plain
from tests.rorq_pipeline.results_made import COUNTS, METRICS, SHARES, best_params

HEAD = (
    "| selection | promised, % | return on risk, % | trades | rank | neighbours' mean, % "
    "| worst, % |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)
COMMON = {
    **asdict(METRICS),
    **asdict(COUNTS),
    **asdict(SHARES),
    "entries_lost": 2,  # one without bars, one without a fill
    "parameters": "| parameter | value |\n| --- | ---: |\n| take_profit_percent | 50 |",
    "source": "polygon",
    "study": "vwap_reclaim/2023-01-03_2023-01-06/0123456789ab",
}


def compared(candidate: Candidate) -> ComparedSelection:
    return ComparedSelection(candidate=candidate, strategy_params=StrategyParams(), metrics=METRICS)


def test_the_studys_best_is_told_alone_where_there_is_no_surface() -> None:
    assert plain(told(best_params())) == {
        **COMMON,
        "trial": 7,
        "promised_percent": 12.0,
        "selection": "study_best",
        "selections": HEAD,
    }


def test_a_choice_is_told_beside_the_others_with_its_regret() -> None:
    smooth = Candidate(
        selection="smooth", combination={}, promised_percent=9.0, return_on_risk_percent=12.0,
        total_trades=12, rank=1_021, n_valid=5_832, neighbours_mean_percent=8.125,
        neighbours_worst_percent=-3.0,
    )  # fmt: skip
    study = Candidate(
        selection="study_best", combination={}, promised_percent=31.0,
        return_on_risk_percent=30.0, total_trades=7, rank=None, n_valid=5_832,
        neighbours_mean_percent=None, neighbours_worst_percent=None,
    )  # fmt: skip
    best = best_params(
        selection="smooth", trial_number=None, promised_percent=9.0,
        selections={"smooth": compared(smooth), "study_best": compared(study)},
        regret=Regret(
            regret_percent_points=2.5, study_best_percent=30.0, exact_best_percent=32.5, rank=4,
            n_valid=5_832, n_complete_trials=60,
        ),
    )  # fmt: skip
    assert plain(told(best)) == {
        **COMMON,
        "promised_percent": 9.0,
        "exact_best_percent": 32.5,
        "regret_percent_points": 2.5,
        "rank": 4,
        "valid_combinations": 5_832,
        "regret": "after 60 completed trials the study's best is 2.50 percent points below the "
        "exact best of 32.50%, rank 4 of 5,832 combinations with enough trades",
        "selection": "smooth",
        "selections": f"{HEAD}\n"
        "| smooth | 9.00 | 12.00 | 12 | 1,021 of 5,832 | 8.12 | -3.00 |\n"
        "| study_best | 31.00 | 30.00 | 7 | none | none | none |",
    }


def test_a_choice_that_fell_short_says_how() -> None:
    fell = plain(told(best_params(instead_of="plateau")))
    assert fell == {
        **COMMON,
        "trial": 7,
        "promised_percent": 12.0,
        "selection": "study_best",
        "selections": HEAD,
        "fallback": "the search space is too large for the exact surface that plateau needs: "
        "the study's best is published",
    }
