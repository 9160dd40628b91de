"""The provider of the download tests, and how it is asked there."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from strategy.date_range import DateRange
from strategy.market_data.download import DownloadReport, DownloadSettings, download_sessions
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, serve

DAY = date(2023, 1, 3)
PRICES = [384.2 + (i % 7) * 0.35 for i in range(150)]  # 384.2 to 386.3

Download = Callable[..., DownloadReport]


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that has one session."""
    provider = FakeProvider()
    provider.add_session("SPY", DAY, PRICES)
    with serve(provider):
        yield provider


@pytest.fixture
def download(provider: FakeProvider, tmp_path: Path) -> Download:
    """Download from it into an empty cache: one day, or a range."""

    def run(
        start: date = DAY, end: date | None = None, search_values: Any = None, **changes: Any
    ) -> DownloadReport:
        keywords = {key: changes.pop(key) for key in ("now", "progress") if key in changes}
        report = download_sessions(
            tmp_path,
            "SPY",
            DateRange(start, end or start).require_sessions(),
            settings_for(provider, **changes),
            search_values=search_values,
            **keywords,
        )
        report.raise_for_failures()
        return report

    return run


def settings_for(provider: FakeProvider, **changes: Any) -> DownloadSettings:
    fast = {"backoff_seconds": 0.01, "timeout_seconds": 5.0, "max_attempts": 4, "concurrency": 4}
    return DownloadSettings.model_validate(
        {"api_key": KEY, "base_url": provider.url, **fast, **changes}
    )
