import pytest

from optimize.study.identity import StudyIdentity
from strategy.errors import StudyMismatchError

ABOUT = {
    "base_name": "vwap_reclaim",
    "date_range": "2023-01-03_2023-01-31",
    "data_fingerprint": "ab" * 32,
    "engine_version": "1",
    "fixed_params": {"slippage_amount": 0.02, "ticker": "SPY"},
    "search_space": {"strikes_depth": (1,)},
    "min_trade_threshold": 10,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data_fingerprint", "cd" * 32),
        ("engine_version", "2"),
        ("fixed_params", {"slippage_amount": 0.03, "ticker": "SPY"}),
        ("search_space", {"strikes_depth": (1, 2)}),
        ("min_trade_threshold", 11),
    ],
)
def test_whatever_the_values_depend_on_is_in_the_name(field, value):
    one, other = StudyIdentity(**ABOUT), StudyIdentity(**{**ABOUT, field: value})
    assert one.study_name.startswith("vwap_reclaim/2023-01-03_2023-01-31/")
    assert other.study_name.startswith("vwap_reclaim/2023-01-03_2023-01-31/")
    assert one.study_name != other.study_name
    with pytest.raises(StudyMismatchError, match=f"another {field}"):
        other.verify(one.as_attributes())
    one.verify(one.as_attributes())


def test_the_order_of_fixed_parameters_is_not():
    swapped = dict(reversed(ABOUT["fixed_params"].items()))
    assert (
        StudyIdentity(**{**ABOUT, "fixed_params": swapped}).study_name
        == StudyIdentity(**ABOUT).study_name
    )
