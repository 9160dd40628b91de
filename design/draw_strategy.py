"""Draw docs/images/strategy.svg: one trade of a synthetic session, from stretch to exit.

Usage: python design/draw_strategy.py
"""

from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from strategy.backtest import run_backtest
from strategy.date_range import NEW_YORK
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams
from strategy.session import SessionData

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "strategy.svg"
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6b7178"
PARAMS = StrategyParams(
    stretch_threshold=0.002,
    reclaim_threshold=0.001,
    take_profit_percent=25,
    stop_loss_percent=-25,
    max_trade_duration_seconds=600,
)
MARGIN_SECONDS = 240


def main() -> None:
    session = sample_session(date(2023, 1, 4), SampleSettings())
    trades = run_backtest(PARAMS, [session]).trades
    trade = trades[(trades["exit_reason"] == "take_profit") & (trades["side"] == "below")].iloc[0]
    figure = Figure(figsize=(9, 6), layout="constrained")
    price, option = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    at = {
        name: int(trade[f"{name}_time"].timestamp()) - session.open_utc_seconds
        for name in ("stretch", "signal", "entry", "exit")
    }
    shown = np.arange(at["stretch"] - MARGIN_SECONDS, at["exit"] + MARGIN_SECONDS)
    draw_underlying(price, session, shown, at)
    draw_option(option, session, shown, at, trade)
    for axes in (price, option):
        axes.spines[["top", "right"]].set_visible(False)
    ticks = shown[(shown % 120) == 0]
    open_ = np.datetime64(session.open_utc_seconds, "s")
    labels = [
        np.datetime_as_string(open_ + np.timedelta64(int(t), "s"), "m", timezone=NEW_YORK)[11:16]
        for t in ticks
    ]
    option.set_xticks(ticks, labels)
    option.set_xlabel("New York wall time")
    figure.savefig(PICTURE, metadata={"Date": None})
    print(f"{PICTURE.name}: {trade['ticker']}, net {trade['net_pnl_usd']:.2f} USD")


def draw_underlying(
    axes: Axes, session: SessionData, shown: np.ndarray, at: dict[str, int]
) -> None:
    close, vwap = session.underlying_close_usd, session.running_vwap_usd
    axes.plot(shown, close[shown], color=BLUE, lw=1.2, label="SPY")
    axes.plot(shown, vwap[shown], color=GREY, lw=1.2, label="running VWAP")
    axes.plot(shown, vwap[shown] * (1 - PARAMS.reclaim_threshold), color=GREEN, ls="--", lw=1,
              label="reclaim: VWAP - 0.1 %")  # fmt: skip
    axes.plot(shown, vwap[shown] * (1 - PARAMS.stretch_threshold), color=RED, ls="--", lw=1,
              label="stretch: VWAP - 0.2 %")  # fmt: skip
    for name, words in (("stretch", "1 stretch below"), ("signal", "2 reclaim: buy a call")):
        mark(axes, at[name], close[at[name]], words)
    axes.margins(y=0.15)  # the words lie below their marks
    axes.set_ylabel("SPY, USD")
    axes.legend(frameon=False, ncols=4, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.14))


def draw_option(
    axes: Axes, session: SessionData, shown: np.ndarray, at: dict[str, int], trade: object
) -> None:
    contract = session.contract_tickers.index(trade["ticker"])
    bars = slice(*session.bar_offsets[contract : contract + 2])
    seconds, prices = session.bar_seconds[bars], session.bar_prices_usd[bars]
    inside = (seconds >= shown[0]) & (seconds <= shown[-1])
    axes.step(seconds[inside], prices[inside], where="post", color=ORANGE, lw=1.2)
    entry = trade["entry_price"]
    axes.hlines(entry * 1.25, at["entry"], at["exit"], color=GREEN, ls="--", lw=1)
    axes.hlines(entry * 0.75, at["entry"], at["exit"], color=RED, ls="--", lw=1)
    axes.text(at["entry"], entry * 1.25, "take profit +25 % ", color=GREEN, ha="right", va="center")
    axes.text(at["entry"], entry * 0.75, "stop loss -25 % ", color=RED, ha="right", va="center")
    mark(axes, at["entry"], entry, "3 entry, a second later")
    mark(axes, at["exit"], trade["exit_price"], "4 exit, a second after the level")
    axes.set_ylabel(f"{trade['ticker'][2:]}, USD")


def mark(axes: Axes, second: int, price: float, words: str) -> None:
    axes.plot(second, price, "o", ms=7, mfc="none", mec="black", mew=1.4)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    axes.annotate(words, (second, price), (10, -26), textcoords="offset points", fontsize=9,
                  bbox=box)  # fmt: skip


if __name__ == "__main__":
    main()
