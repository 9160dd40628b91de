import pytest

from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.project.ranges import Grouping, RangeRule
from strategy.errors import ParameterError

NAMES = ("TICKERS", "TICKER", "RANGE_RULE", "RANGE_MONTHS", "ROLLING_SESSIONS")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(f"RORQ_{name}", raising=False)


def test_the_default_is_three_trailing_months_of_spy() -> None:
    (only,) = AutomationSettings.from_environment().groupings()
    assert only == Grouping(
        ticker="SPY", rule=RangeRule.TRAILING_MONTHS, n_months=3, rolling_sessions=21
    )


@pytest.mark.parametrize(
    ("variables", "tickers"),
    [
        ({"RORQ_TICKERS": "SPY,QQQ"}, ["SPY", "QQQ"]),
        ({"RORQ_TICKERS": " QQQ , BRK.B, QQQ"}, ["QQQ", "BRK.B"]),
        ({"RORQ_TICKER": "QQQ"}, ["QQQ"]),
        ({"RORQ_TICKER": "IWM", "RORQ_TICKERS": "SPY,QQQ"}, ["SPY", "QQQ"]),
    ],
)
def test_tickers_are_joined_by_commas(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], tickers: list[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RORQ_RANGE_MONTHS", "6")
    groupings = AutomationSettings.from_environment().groupings()
    assert [one.ticker for one in groupings] == tickers
    assert {one.n_months for one in groupings} == {6}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RORQ_TICKERS", "SPY,../../etc"),
        ("RORQ_TICKERS", ""),
        ("RORQ_TICKER", "qqq"),
        ("RORQ_RANGE_RULE", "fortnight"),
        ("RORQ_RANGE_MONTHS", "0"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ParameterError) as refused:
        AutomationSettings.from_environment()
    assert str(refused.value).startswith(f"{name} is {value!r}; expected ")
    assert refused.value.remedy == f"correct {name}, or unset it"
