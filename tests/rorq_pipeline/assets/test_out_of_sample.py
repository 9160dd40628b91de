from dataclasses import asdict, replace

from rorq_pipeline.assets.out_of_sample import told
from tests.rorq_pipeline.conftest import plain
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results_made import METRICS, best_params

BEST = best_params()
OUTSIDE = fixtures.out_of_sample(BEST)
TRADED = {
    **asdict(METRICS),
    "return_on_risk_percent": 6.1,
    "net_pnl_usd": 214.5,
    "total_trades": 9,
}
COUNTS = {"sessions": 6, "sessions_missing": 0, "sessions_to_come": 7}


def test_what_came_of_the_parameters_is_told_with_its_interval() -> None:
    assert plain(told(OUTSIDE, BEST)) == {
        "status": "measured",
        **TRADED,
        "low_percent": -9.5,
        "high_percent": 21.4,
        "kept_fraction": 0.508333,  # 6.1 of 12
        **COUNTS,
    }


def test_without_enough_sessions_there_is_no_interval() -> None:
    few = OUTSIDE.model_copy(update={"traded": replace(OUTSIDE.traded, intervals={})})
    assert plain(told(few, best_params(promised_percent=None))) == {
        "status": "measured", **TRADED, **COUNTS,
    }  # fmt: skip


def test_without_a_session_counts_alone_are_told() -> None:
    traded = replace(OUTSIDE.traded, metrics=None, intervals={}, n_missing=2)
    nothing = OUTSIDE.model_copy(update={"traded": traded, "status": "cannot be read"})
    assert plain(told(nothing, BEST)) == {
        "status": "cannot be read", "sessions": 6, "sessions_missing": 2, "sessions_to_come": 7,
    }  # fmt: skip
