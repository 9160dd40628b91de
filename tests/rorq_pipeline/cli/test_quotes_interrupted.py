"""`rorq quotes` as a process that is told to stop, or killed, in the midst, and started again."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import load_sessions
from strategy.market_data.quotes.files import fills_by_day, read_quotes
from tests.rorq_pipeline.published_samples import PARAMS, RANGE, published
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, quote, serve

pytestmark = pytest.mark.slow

RORQ = Path(sys.executable).with_name("rorq")
AT_ONCE = 4  # requests under way
SLOWLY_SECONDS = 0.1  # an answer


@pytest.fixture
def provider(project: ProjectPaths) -> Iterator[FakeProvider]:
    """A quote in each second of a fill, of its own price, that takes its time."""
    published(project, "polygon")
    trades = run_backtest(
        PARAMS, load_sessions(project.cache, "SPY", BacktestRange.parse(RANGE))
    ).trades
    provider = FakeProvider(delay_seconds=SLOWLY_SECONDS)
    fills = [fill for day in fills_by_day(trades).values() for fill in day]
    for number, (ticker, second) in enumerate(sorted(fills, key=lambda fill: fill[1])):
        row = quote(second * 10**9 + 500, 1.0 + number / 100, 1.02 + number / 100)
        provider.quotes.setdefault(ticker, []).append(row)
    with serve(provider):
        yield provider


def started(project: ProjectPaths, provider: FakeProvider) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [RORQ, "quotes", RANGE, "--base-url", provider.url, "--concurrency", str(AT_ONCE)],
        env={**os.environ, "RORQ_HOME": str(project.root), "POLYGON_API_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def asked(provider: FakeProvider) -> Counter[tuple[str, str]]:
    """How often each contract's second was asked for."""
    return Counter(
        (path, query["timestamp.lt"])
        for path, query, _ in provider.requests
        if path.startswith("/v3/quotes/")
    )


def stored(project: ProjectPaths) -> pd.DataFrame:
    days = BacktestRange.parse(RANGE).sessions
    tables = [read_quotes(project.cache, "SPY", day) for day in days]
    return pd.concat([table.to_pandas() for table in tables if table is not None])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_fetched_is_kept_and_not_fetched_again(
    project: ProjectPaths, provider: FakeProvider, how: signal.Signals
) -> None:
    n_fills = sum(map(len, provider.quotes.values()))
    running = started(project, provider)
    deadline = time.monotonic() + 60
    while len(provider.requests) < n_fills // 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(how)
    out, err = running.communicate(timeout=60)
    assert n_fills // 2 <= len(provider.requests) < n_fills
    assert running.returncode != 0
    if how is not signal.SIGKILL:
        assert (out, err.count("\n")) == ("", 1), err
        assert "what was fetched is kept; the same command continues" in err
    out, err = started(project, provider).communicate(timeout=60)
    counts = asked(provider)
    assert len(counts) == n_fills
    twice = sum(counts.values()) - n_fills
    assert twice <= (AT_ONCE if how is signal.SIGKILL else 0)  # those under way as it was killed
    assert f"{n_fills} of {n_fills} fills at quotes" in out, out + err
    found = stored(project)
    assert len(found) == n_fills
    wanted = {
        (ticker, row["sip_timestamp"] // 10**9): row["bid_price"]
        for ticker, rows in provider.quotes.items()
        for row in rows
    }
    seconds = found["timestamp"].dt.as_unit("s").astype("int64")
    got = dict(zip(zip(found["ticker"], seconds, strict=True), found["bid"], strict=True))
    assert got == wanted
    assert not list((project.cache / "SPY" / ".quotes").glob("*/*"))
