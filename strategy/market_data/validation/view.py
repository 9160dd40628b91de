"""SessionView: one session as the rules see it, with what several rules need worked out once."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from strategy.date_range import SessionTimes
from strategy.market_data.needed import needed_contracts
from strategy.market_data.quotes.faults import quote_faults
from strategy.market_data.schema import CHAIN_FILE, OPTIONS_FILE, QUOTES_FILE, UNDERLYING_FILE
from strategy.market_data.validation.columns import column_failures
from strategy.market_data.validation.hit import Hit

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NO_TIME = np.iinfo(np.int64).min  # what pandas stores for a missing timestamp
MIDNIGHT_BEFORE_OPEN_SECONDS = -(9 * 3600 + 30 * 60)  # start of the day, counted from 09:30
DAY_SECONDS = 86_400
_NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, eq=False, kw_only=True)
class Bars:
    """The bars of one file; `contract_codes` tells apart the contracts of the options file."""

    file: str
    frame: pd.DataFrame
    times: SessionTimes

    def __len__(self) -> int:
        return len(self.frame)

    def column(self, name: str) -> FloatArray:
        """One numeric column, NaN where it is missing."""
        return self.frame[name].to_numpy(np.float64)

    @cached_property
    def milliseconds(self) -> IntArray:
        """UTC milliseconds since 1970, `NO_TIME` where missing."""
        return np.asarray(self.frame["timestamp"].astype("int64"), dtype=np.int64)

    @cached_property
    def timed(self) -> BoolArray:
        """Rows that have a timestamp."""
        timed: BoolArray = self.milliseconds != NO_TIME
        return timed

    @cached_property
    def seconds(self) -> IntArray:
        """Whole seconds since the open, rounded down; meaningless where not `timed`."""
        return self.milliseconds // 1000 - self.times.open_utc_seconds

    @cached_property
    def of_this_day(self) -> BoolArray:
        """Rows between midnight and midnight of the session's New York day."""
        since_midnight = self.seconds - MIDNIGHT_BEFORE_OPEN_SECONDS
        return self.timed & (since_midnight >= 0) & (since_midnight < DAY_SECONDS)

    @cached_property
    def on_grid(self) -> BoolArray:
        """Rows between open and close, both included."""
        return self.timed & (self.seconds >= 0) & (self.seconds < self.times.n_seconds)

    @cached_property
    def covered(self) -> BoolArray:
        """For each second of the session: whether there is a bar."""
        covered = np.zeros(self.times.n_seconds, bool)
        covered[self.seconds[self.on_grid]] = True
        return covered

    @cached_property
    def contract_names(self) -> tuple[str | None, ...]:
        """Distinct tickers by first appearance; one without name in a file without tickers."""
        return self._encoded[1]

    @cached_property
    def contract_codes(self) -> IntArray:
        """Index into `contract_names`, -1 where the ticker is missing."""
        return self._encoded[0]

    @cached_property
    def _encoded(self) -> tuple[IntArray, tuple[str | None, ...]]:
        if "ticker" not in self.frame:
            return np.zeros(len(self), np.int64), (None,)
        names = pa.chunked_array([pa.array(self.frame["ticker"], pa.string(), from_pandas=True)])
        encoded = names.combine_chunks().dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return codes, tuple(encoded.dictionary.to_pylist())

    @cached_property
    def follows_same_contract(self) -> BoolArray:
        """For rows 1 and on: whether the row before is of the same contract."""
        same: BoolArray = np.diff(self.contract_codes) == 0
        return same

    def describe(self, row: int) -> str:
        """One row's contract, second and number."""
        name = self.contract_names[self.contract_codes[row]] if len(self.contract_names) else None
        prefix = f"{name} " if name else ""
        return f"{prefix}{self.clock(row)} (row {row})"

    def clock(self, row: int) -> str:
        """New York wall time of one row."""
        if not self.timed[row]:
            return "without time"
        milliseconds = int(self.milliseconds[row])
        try:
            stamp = dt.datetime.fromtimestamp(milliseconds / 1000, _NEW_YORK)
        except (OverflowError, ValueError, OSError):  # beyond the years that a calendar has
            return f"{milliseconds} ms after 1970"
        return stamp.strftime("%Y-%m-%d %H:%M:%S.%f")[:23].removesuffix(".000")


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionView:
    """The readable files of one session; a file that cannot be read is None here."""

    ticker: str
    date: dt.date
    times: SessionTimes
    underlying: Bars | None
    options: Bars | None
    chain: pd.DataFrame | None
    quotes: pd.DataFrame | None  # None also where the session has none
    modes: tuple[str, ...]  # option_selection_mode values of the search space
    depths: tuple[int, ...]  # strikes_depth values of the search space

    @classmethod
    def of(
        cls,
        frames: dict[str, pd.DataFrame],
        *,
        ticker: str,
        day: dt.date,
        times: SessionTimes,
        modes: tuple[str, ...],
        depths: tuple[int, ...],
    ) -> "SessionView":
        """View the frames of the readable files, by file name."""
        bars = {
            name: Bars(file=name, frame=frames[name], times=times)
            for name in (UNDERLYING_FILE, OPTIONS_FILE)
            if name in frames
        }
        return cls(
            ticker=ticker,
            date=day,
            times=times,
            underlying=bars.get(UNDERLYING_FILE),
            options=bars.get(OPTIONS_FILE),
            chain=frames.get(CHAIN_FILE),
            quotes=frames.get(QUOTES_FILE),
            modes=modes,
            depths=depths,
        )

    @cached_property
    def column_hits(self) -> dict[str, list[Hit]]:
        """Broken column rules by name, from one run over each readable file."""
        hits: dict[str, list[Hit]] = {}
        frames = {bars.file: bars.frame for bars in self.bar_files}
        if self.chain is not None:
            frames[CHAIN_FILE] = self.chain
        for file, frame in frames.items():
            for rule, hit in column_failures(file, frame).items():
                hits.setdefault(rule, []).append(hit)
        return hits

    @cached_property
    def quote_faults(self) -> pd.DataFrame | None:
        """What is wrong with each quote."""
        return None if self.quotes is None else quote_faults(self.quotes)

    @cached_property
    def needed(self) -> set[str]:
        """Contracts that the search space could choose; none where a file is unreadable."""
        if self.underlying is None or self.chain is None or self.options is None:
            return set()
        search = {"option_selection_mode": self.modes, "strikes_depth": self.depths}
        closes = self.underlying.column("close")[self.underlying.on_grid]
        return needed_contracts(closes, self.chain, search)

    @cached_property
    def traded(self) -> set[str]:
        """Contracts with an option bar in the session."""
        if self.options is None:
            return set()
        codes, names = self.options.contract_codes, self.options.contract_names
        counts = np.bincount(codes[self.options.on_grid & (codes >= 0)], minlength=len(names))
        return {name for name, count in zip(names, counts, strict=True) if count and name}

    @property
    def bar_files(self) -> tuple[Bars, ...]:
        """The readable files of bars."""
        return tuple(bars for bars in (self.underlying, self.options) if bars is not None)
