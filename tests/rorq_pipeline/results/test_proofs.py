"""Which quotes a result's fills are settled at."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.proofs import quotes_of
from strategy.market_data.quotes.files import quotes_table, write_quotes
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.schema import QUOTES_SCHEMA
from tests.rorq_pipeline.results_made import best_params

DAYS = (date(2023, 1, 3), date(2023, 1, 4))
CALL = "O:SPY230106C00380000"
NOON = [int(pd.Timestamp(f"{day} 12:00", tz="America/New_York").timestamp()) for day in DAYS]


def trades() -> pd.DataFrame:
    """One in each session, held for a minute."""
    entries = pd.to_datetime(NOON, unit="s", utc=True)
    return pd.DataFrame(
        {
            "session_date": list(DAYS), "ticker": CALL, "entry_time": entries,
            "exit_time": entries + pd.Timedelta(seconds=60),
        }
    )  # fmt: skip


def seconds(quotes: pd.DataFrame) -> list[int]:
    return [int(moment.timestamp()) for moment in quotes["timestamp"]]


@pytest.mark.parametrize(("source", "shown"), [("polygon", []), ("synthetic", [0, 60])])
def test_quotes_are_those_that_are_cached_and_else_what_a_synthetic_session_shows(
    project: ProjectPaths, source: str, shown: list[int]
) -> None:
    write_samples(project.cache, DAYS, SampleSettings())
    row: dict[str, Any] = {"bid": 1.0, "ask": 1.5, "bid_size": 2.0, "ask_size": 3.0,
                           "quoted_at": NOON[0] * 10**9}  # fmt: skip
    write_quotes(
        project.cache, "SPY", DAYS[0], quotes_table([((CALL, NOON[0]), row)]), source="polygon"
    )
    quotes = quotes_of(best_params(source=source), MarketData(), trades())
    assert seconds(quotes) == [NOON[0], *(NOON[1] + second for second in shown)]
    assert quotes[["bid", "ask"]].iloc[0].tolist() == [1.0, 1.5]
    assert (quotes["bid"][1:] != 1.0).all()


def test_without_trades_or_quotes_there_is_an_empty_table(project: ProjectPaths) -> None:
    real = best_params(source="polygon")
    for asked in (trades(), trades()[:0]):
        quotes = quotes_of(real, MarketData(), asked)
        assert (len(quotes), list(quotes.columns)) == (0, QUOTES_SCHEMA.names)
