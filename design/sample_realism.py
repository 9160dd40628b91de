"""Compare generated sessions with cached ones that are no samples, figure by figure.

    python design/sample_realism.py CACHE [--edge 1.0] [--seed 0]

CACHE holds other sessions of SPY; each is set beside the sample session of the same date. The three
that the generator was shaped after are such: their times and volumes are a market's, but their
authors made the prices, so that nothing about prices or spreads is proven by them. What is
compared is shape: how often bars trade, how volume and volatility run over the day, how thick the
chain is by moneyness. Levels (price, a day's own volatility) are the sample's own.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from strategy.date_range import session_times
from strategy.market_data import list_sessions, read_session_frames
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from strategy.market_data.schema import OPTIONS_FILE, UNDERLYING_FILE

TICKER = "SPY"
BAR_COLUMNS = ["open", "high", "low", "close", "volume", "vwap", "trades"]
MONEYNESS_USD = range(-6, 7)  # in the money above 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--edge", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    settings = SampleSettings(ticker=TICKER, seed=arguments.seed, edge=arguments.edge)
    days = list_sessions(arguments.cache, TICKER)
    cached = [_cached_session(arguments.cache, day) for day in days]
    sample = [_sample_session(day, settings) for day in days]
    table = Table(title=f"{len(days)} sessions, cached beside sample (edge {arguments.edge:g})")
    table.add_column("figure")
    table.add_column("cached, by session", justify="right")
    table.add_column("sample, by session", justify="right")
    for name, figure in {**UNDERLYING_FIGURES, **OPTION_FIGURES}.items():
        table.add_row(name, _row(figure, cached), _row(figure, sample))
    Console(width=140).print(table)


def _row(figure: Callable[["_Session"], float], sessions: list["_Session"]) -> str:
    return "  ".join(f"{figure(session):>10.4g}" for session in sessions)


class _Session:
    """Underlying and option bars with their second since the open, and the moneyness grid."""

    def __init__(self, underlying: pd.DataFrame, options: pd.DataFrame, open_seconds: int) -> None:
        self.underlying = underlying.assign(second=_seconds(underlying, open_seconds))
        self.options = options.assign(second=_seconds(options, open_seconds))
        n_seconds = int(self.underlying["second"].max()) + 1
        closes = pd.Series(self.underlying["close"].to_numpy(), index=self.underlying["second"])
        self.closes = closes.reindex(range(n_seconds)).ffill().to_numpy()
        self.gaps = self.options.groupby("ticker")["second"].diff().dropna()
        self.bars_by_moneyness = self._bars_by_moneyness(n_seconds)

    def _bars_by_moneyness(self, n_seconds: int) -> pd.Series:
        counted = []
        for ticker, bars in self.options.groupby("ticker"):
            sign = 1.0 if ticker[-9] == "C" else -1.0
            moneyness = np.rint(sign * (self.closes - int(ticker[-8:]) / 1000.0))
            traded = np.zeros(n_seconds)
            traded[bars["second"].to_numpy()] = 1.0
            counted.append(pd.DataFrame({"moneyness": moneyness, "traded": traded}))
        return pd.concat(counted).groupby("moneyness")["traded"].mean()

    def stretch(self) -> np.ndarray:
        bars = self.underlying
        vwap = (bars["vwap"] * bars["volume"]).cumsum() / bars["volume"].cumsum()
        return np.abs(bars["close"].to_numpy() / vwap.to_numpy() - 1.0)

    def returns(self) -> np.ndarray:
        return np.diff(np.log(self.closes))

    def minutes(self) -> np.ndarray:
        """Log returns of whole minutes."""
        return np.diff(np.log(self.closes[::60]))

    def volume_in(self, start: float, end: float) -> float:
        """Mean volume a second between two fractions of the day."""
        last = len(self.closes) - 1
        bars = self.underlying[self.underlying["second"].between(start * last, end * last - 1)]
        return bars["volume"].sum() / ((end - start) * last)

    def volatility_in(self, start: float, end: float) -> float:
        last = len(self.closes) - 1
        return float(np.std(self.returns()[int(start * last) : int(end * last)]))


def _seconds(bars: pd.DataFrame, open_seconds: int) -> np.ndarray:
    return bars["timestamp"].astype("int64").to_numpy() // 1000 - open_seconds


def _cached_session(cache: Path, day) -> _Session:
    frames = read_session_frames(cache, TICKER, day)
    bars = frames.underlying
    # The predecessor forward-filled seconds without a bar; a bar equal to the last one is a gap.
    repeated = (bars[BAR_COLUMNS].diff() == 0).all(axis=1)
    return _Session(bars[~repeated], frames.options, session_times(day).open_utc_seconds)


def _sample_session(day, settings: SampleSettings) -> _Session:
    tables = sample_tables(day, settings)
    return _Session(
        tables[UNDERLYING_FILE].to_pandas(),
        tables[OPTIONS_FILE].to_pandas(),
        session_times(day).open_utc_seconds,
    )


def _vwap_outside(bars: pd.DataFrame) -> float:
    return ((bars["vwap"] < bars["low"] - 1e-9) | (bars["vwap"] > bars["high"] + 1e-9)).mean()


def _straddle_percent(session: _Session) -> float:
    """Price of the at-the-money call and put after the first five minutes, of the price."""
    early = session.options[session.options["second"].between(240, 360)]
    spot = session.closes[300]
    means = early.groupby("ticker")["vwap"].mean()
    sums = [
        value + means[ticker[:-9] + "P" + ticker[-8:]]
        for ticker, value in means.items()
        if ticker[-9] == "C"
        and abs(int(ticker[-8:]) / 1000.0 - spot) < 1.5
        and ticker[:-9] + "P" + ticker[-8:] in means
    ]
    return 100.0 * min(sums) / spot if sums else float("nan")


UNDERLYING_FIGURES: dict[str, Callable[[_Session], float]] = {
    "underlying: bars": lambda s: len(s.underlying),
    "underlying: share of seconds without a bar": lambda s: 1.0 - len(s.underlying) / len(s.closes),
    "underlying: longest gap, seconds": lambda s: s.underlying["second"].diff().max(),
    "underlying: volatility of a second, 1e-5": lambda s: 1e5 * s.returns().std(),
    "underlying: volatility, first half hour over midday": lambda s: (
        s.volatility_in(0.0, 1 / 13) / s.volatility_in(0.4, 0.6)
    ),
    "underlying: volatility, last half hour over midday": lambda s: (
        s.volatility_in(12 / 13, 1.0) / s.volatility_in(0.4, 0.6)
    ),
    "underlying: share of seconds without a move": lambda s: (s.returns() == 0).mean(),
    "underlying: autocorrelation of returns": lambda s: np.corrcoef(
        s.returns()[1:], s.returns()[:-1]
    )[0, 1],
    "underlying: autocorrelation of squared minutes": lambda s: np.corrcoef(
        s.minutes()[1:] ** 2, s.minutes()[:-1] ** 2
    )[0, 1],
    "underlying: correlation of a minute with the next one squared": lambda s: np.corrcoef(
        s.minutes()[:-1], s.minutes()[1:] ** 2
    )[0, 1],
    "underlying: largest distance from VWAP, %": lambda s: 100.0 * s.stretch().max(),
    "underlying: volume, mean": lambda s: s.underlying["volume"].mean(),
    "underlying: volume, median": lambda s: s.underlying["volume"].median(),
    "underlying: volume, first half hour over midday": lambda s: (
        s.volume_in(0.0, 1 / 13) / s.volume_in(0.4, 0.6)
    ),
    "underlying: volume, last half hour over midday": lambda s: (
        s.volume_in(12 / 13, 1.0) / s.volume_in(0.4, 0.6)
    ),
    "underlying: trades, median": lambda s: s.underlying["trades"].median(),
    "underlying: high less low, median cents": lambda s: (
        100.0 * (s.underlying["high"] - s.underlying["low"]).median()
    ),
    "underlying: share of bars with one price": lambda s: (
        s.underlying["high"] == s.underlying["low"]
    ).mean(),
    "underlying: share of closes on a whole cent": lambda s: (
        np.isclose(s.underlying["close"] * 100.0 % 1.0, [[0.0], [1.0]], atol=1e-6).any(0).mean()
    ),
    "underlying: share of vwaps outside low-high": lambda s: _vwap_outside(s.underlying),
}

OPTION_FIGURES: dict[str, Callable[[_Session], float]] = {
    "options: contracts with bars": lambda s: s.options["ticker"].nunique(),
    "options: bars of the thickest contract": lambda s: s.options["ticker"].value_counts().max(),
    "options: bars of the thinnest contract": lambda s: s.options["ticker"].value_counts().min(),
    **{
        f"options: share of seconds with a bar, {usd:+d} USD in the money": (
            lambda s, usd=usd: s.bars_by_moneyness.get(usd, float("nan"))
        )
        for usd in MONEYNESS_USD
    },
    "options: seconds between bars, median": lambda s: s.gaps.median(),
    "options: seconds between bars, 90 %": lambda s: s.gaps.quantile(0.9),
    "options: seconds between bars, 99 %": lambda s: s.gaps.quantile(0.99),
    "options: trades of a bar, mean": lambda s: s.options["trades"].mean(),
    "options: trades of a bar, 99 %": lambda s: s.options["trades"].quantile(0.99),
    "options: volume of a bar, mean": lambda s: s.options["volume"].mean(),
    "options: volume of a bar, median": lambda s: s.options["volume"].median(),
    "options: volume of a bar, 99 %": lambda s: s.options["volume"].quantile(0.99),
    "options: share of bars with one price": lambda s: (
        s.options["high"] == s.options["low"]
    ).mean(),
    "options: high less low, mean cents": lambda s: (
        100.0 * (s.options["high"] - s.options["low"]).mean()
    ),
    "options: share of vwaps outside low-high": lambda s: _vwap_outside(s.options),
    "options: straddle at the money after 5 minutes, %": _straddle_percent,
}


if __name__ == "__main__":
    main()
