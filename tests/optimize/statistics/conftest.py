"""Sessions with trades in them, made once."""

from datetime import date

import pytest

from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, sample_session


@pytest.fixture(scope="session")
def made_days():
    """Five synthetic sessions of January 2023, in memory."""
    days = sessions_between(date(2023, 1, 3), date(2023, 1, 9))
    return [sample_session(day, SampleSettings(seed=7, edge=1.0)) for day in days]
