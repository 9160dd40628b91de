"""Quotes of synthetic sessions: around the fair value, wider in the money and when prices move."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from strategy.backtest import run_backtest
from strategy.market_data.quotes.files import fills_by_day
from strategy.market_data.quotes.sample import made_quotes, sample_quotes
from strategy.market_data.sample import generate
from strategy.market_data.sample.generate import SampleSettings, sample_session, write_samples
from strategy.params import StrategyParams

DAY = date(2023, 1, 4)
SETTINGS = SampleSettings(seed=5, edge=3, edge_half_life_sessions=9, edge_decays_from=DAY)


def test_bars_trade_between_bid_and_ask_of_their_second() -> None:
    session = sample_session(DAY, SETTINGS)
    contract = int(np.argmax(np.diff(session.bar_offsets)))
    rows = slice(*session.bar_offsets[contract : contract + 2])
    seconds = session.bar_seconds[rows][::20]
    ticker = session.contract_tickers[contract]
    fills = [(ticker, session.open_utc_seconds + int(second)) for second in seconds]
    quotes = made_quotes(DAY, SETTINGS, fills).to_pandas()
    assert len(quotes) == len(fills) > 400
    assert (quotes["bid"] < quotes["ask"]).all()
    cents = quotes[["bid", "ask"]].to_numpy() * 100
    np.testing.assert_allclose(cents, np.rint(cents), atol=1e-6)
    # The bar holds trades of the whole second, the quote stands at its end: a cent of play.
    middle = (quotes["bid"] + quotes["ask"]).to_numpy() / 2
    gap = session.bar_prices_usd[rows][::20] - middle
    assert abs(gap.mean()) < 3 * gap.std() / np.sqrt(len(gap)) + 0.001
    assert np.abs(gap).mean() < 0.05


def test_spreads_widen_in_the_money_and_when_prices_move() -> None:
    session = sample_session(DAY, SETTINGS)

    def spread(second: int, strikes_in: int) -> float:
        close = session.underlying_close_usd[second]
        row = int(np.searchsorted(session.call_strikes_usd, close)) - 1 - strikes_in
        fill = (session.contract_tickers[row], session.open_utc_seconds + second)
        quotes = made_quotes(DAY, SETTINGS, [fill]).to_pandas()
        return float((quotes["ask"] - quotes["bid"]).iloc[0])

    midday = range(9_000, 14_000, 250)
    at_the_money = np.mean([spread(second, 0) for second in midday])
    in_the_money = np.mean([spread(second, 3) for second in midday])
    after_the_open = np.mean([spread(second, 3) for second in range(5, 305, 15)])
    assert at_the_money < in_the_money < after_the_open


def test_quotes_follow_from_what_the_files_state(tmp_path: Path) -> None:
    write_samples(tmp_path, [DAY], SETTINGS)
    params = StrategyParams(stretch_threshold=0.002, reclaim_threshold=0.001)
    trades = run_backtest(params, [sample_session(DAY, SETTINGS)]).trades
    (fills,) = fills_by_day(trades).values()
    assert fills == sorted(set(fills))
    assert len(fills) > 4
    found = sample_quotes(tmp_path, "SPY", DAY, fills)
    assert found is not None
    assert found.equals(made_quotes(DAY, SETTINGS, fills))


def test_sessions_of_another_generator_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_samples(tmp_path, [DAY], SETTINGS)
    monkeypatch.setattr(generate, "GENERATOR_VERSION", "0")
    assert sample_quotes(tmp_path, "SPY", DAY, []) is None
