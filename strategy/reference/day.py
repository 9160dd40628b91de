"""One trading day as the reference engine sees it: raw bars turned into plain lists."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import pandas as pd

from strategy.date_range import NEW_YORK, REGULAR_OPEN_TIME, session_times
from strategy.market_data.reader import SessionFrames


@dataclass(frozen=True)
class Quote:
    """The latest bar's price of a contract, USD per share, and how old it is."""

    price: float
    age_seconds: int


class Contract:
    """One option contract of the day's chain; its bars are read when first asked for."""

    def __init__(self, day: "Day", ticker: str, strike_usd: float, shares: int) -> None:
        self.ticker = ticker
        self.strike_usd = strike_usd
        self.shares = shares
        self._day = day

    @cached_property
    def bars(self) -> list[tuple[int, float]]:
        """Second since the open and price of every bar in the session, in time order."""
        return self._day.option_bars(self.ticker)

    @cached_property
    def seconds(self) -> list[int]:
        """Seconds of the bars."""
        return [second for second, _ in self.bars]

    def has_price_at(self, second: int) -> bool:
        """Whether the contract has traded by `second`."""
        return bool(self.seconds) and self.seconds[0] <= second

    def first_bar_from(self, second: int) -> int | None:
        """Second of the first bar at or after `second`, None where none comes any more."""
        return next((one for one in self.seconds if one >= second), None)

    def quote_at(self, second: int) -> Quote:
        """Price of the latest bar at or before `second`, which there must be."""
        latest = bisect_right(self.seconds, second) - 1
        if latest < 0:
            raise LookupError(f"{self.ticker} has no price by second {second}")
        bar_second, price_usd = self.bars[latest]
        return Quote(price_usd, second - bar_second)


class Day:
    """One session: the underlying second by second, and the chain."""

    def __init__(self, frames: SessionFrames) -> None:
        times = session_times(frames.date)
        self.date: date = frames.date
        self.open_utc_seconds = times.open_utc_seconds
        self.n_seconds = times.n_seconds
        self.close_shift_seconds = times.close_shift_seconds
        self.closes: list[float] = []  # of every second, NaN before the first bar
        self.vwaps: list[float] = []  # of every second, NaN before the first volume
        self._walk_underlying(frames.underlying)
        self.calls: list[Contract] = []
        self.puts: list[Contract] = []
        self._read_chain(frames.chain)
        self._option_rows = frames.options

    def second_of(self, wall_time: time) -> int:
        """Second since the open of a New York wall time; negative before the open."""
        opening = REGULAR_OPEN_TIME
        return (
            (wall_time.hour - opening.hour) * 3600
            + (wall_time.minute - opening.minute) * 60
            + (wall_time.second - opening.second)
        )

    def early_second_of(self, wall_time: time) -> int:
        """The same for a time that moves with an early close."""
        return self.second_of(wall_time) - self.close_shift_seconds

    def moment(self, second: int) -> datetime:
        """New York time of a second since the open."""
        utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self.open_utc_seconds + second)
        return utc.astimezone(NEW_YORK)

    def option_bars(self, ticker: str) -> list[tuple[int, float]]:
        """Second and price (vwap, else close) of a contract's bars within the session."""
        frame = self._option_rows[self._option_rows["ticker"] == ticker]
        closes, vwaps = frame["close"].tolist(), frame["vwap"].tolist()
        return [
            (second, close if _absent(bar_vwap) else bar_vwap)
            for second, close, bar_vwap in zip(self._seconds(frame), closes, vwaps, strict=True)
            if 0 <= second < self.n_seconds
        ]

    def _seconds(self, frame: pd.DataFrame) -> list[int]:
        """Second since the open of every bar; bars start on whole seconds."""
        stamps = frame["timestamp"].astype("datetime64[ms, UTC]").astype("int64").tolist()
        return [stamp // 1000 - self.open_utc_seconds for stamp in stamps]

    def _walk_underlying(self, frame: pd.DataFrame) -> None:
        """Close of the latest bar, and sum(vwap * volume) / sum(volume) so far, at every second."""
        columns = (frame[name].tolist() for name in ("close", "volume", "vwap"))
        bars = dict(zip(self._seconds(frame), zip(*columns, strict=True), strict=True))
        close = math.nan
        traded_usd = 0.0
        traded_shares = 0.0
        for second in range(self.n_seconds):
            if second in bars:
                close, volume, bar_vwap = bars[second]
                if volume > 0:
                    traded_usd += (close if _absent(bar_vwap) else bar_vwap) * volume
                    traded_shares += volume
            self.closes.append(close)
            self.vwaps.append(traded_usd / traded_shares if traded_shares > 0 else math.nan)

    def _read_chain(self, frame: pd.DataFrame) -> None:
        """Calls and puts that expire today, by strike from low to high."""
        for ticker, kind, expiry, strike_usd, shares in zip(
            frame["ticker"].tolist(),
            frame["contract_type"].tolist(),
            frame["expiration_date"].tolist(),
            frame["strike_price"].tolist(),
            frame["shares_per_contract"].tolist(),
            strict=True,
        ):
            if str(expiry)[:10] == self.date.isoformat():
                contracts = {"call": self.calls, "put": self.puts}[kind]
                contracts.append(Contract(self, ticker, strike_usd, shares))
        for contracts in (self.calls, self.puts):
            contracts.sort(key=lambda contract: contract.strike_usd)


def _absent(value: float | None) -> bool:
    """Whether a Parquet null stands here, in whichever form pandas hands it out."""
    return value is None or math.isnan(value)
