from optimize.statistics import walk_forward as stitched
from rorq_pipeline.assets.walk_forward import told
from rorq_pipeline.results.models import WalkForwardRecord
from tests.rorq_pipeline.conftest import plain
from tests.rorq_pipeline.report import fixtures

HEAD = "| parameter | choices | unchanged |\n| --- | --- | ---: |"


def test_a_record_is_told_over_its_steps() -> None:
    """Four sessions that earn $81 and three that earn $81, each risking $400."""
    kept = fixtures.walk_forward().model_copy(update={"left_out": ("one", "another")})
    assert plain(told(kept)) == {
        "n_steps": 2,
        "n_sessions": 7,
        "total_trades": 70,
        "net_pnl_usd": 162.0,
        "return_on_risk_percent": 5.78571,  # of $2,800
        "in_sample_return_on_risk_percent": 18.0,
        "efficiency_ratio": 0.321429,
        "profitable_steps_fraction": 1.0,
        "max_drawdown_usd": 42.0,
        "stability": f"{HEAD}\n"
        "| stretch_threshold | 0.002, 0.003, 0.003 | 50% |\n"
        "| take_profit_percent | 50, 50, 50 | 100% |",
        "left_out": "one; another",
    }


def test_one_range_has_been_followed_by_none() -> None:
    record = stitched([], [{"take_profit_percent": 50}])
    values = plain(told(WalkForwardRecord(record=record, identities=(), left_out=())))
    assert values == {
        "n_steps": 0,
        "n_sessions": 0,
        "total_trades": 0,
        "net_pnl_usd": 0.0,
        "max_drawdown_usd": 0.0,
        "stability": f"{HEAD}\n| take_profit_percent | 50 |  |",
        "left_out": "none",
    }
    nothing = WalkForwardRecord(record=stitched([], []), identities=(), left_out=())
    assert plain(told(nothing))["stability"] == "no earlier range is published"
