"""SessionData: one trading day as aligned arrays, the only form of market data that kernels see.

Array layouts and dtypes are defined here and nowhere else. Option bars are kept sparse (only the
seconds that traded), so that a session takes three to four megabytes. The arrays that kernels see
are writable, as they are after pickling: numba compiles a kernel anew for arrays that are not.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SecondArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionData:
    """One session on its grid of one row a second, from open to close, both included.

    A contract's id is its row in `contract_tickers`: first the calls, then the puts, each by
    ascending strike. Bars of contract `c` are the rows `bar_offsets[c]:bar_offsets[c + 1]`.
    """

    ticker: str
    date: date
    source: str  # polygon, legacy, synthetic, or unknown where the files do not say
    fingerprint: str  # SHA-256 of the session's files, hexadecimal
    open_utc_seconds: int  # since 1970, of row 0
    n_seconds: int
    close_shift_seconds: int  # how much earlier than 16:00 the session closes
    underlying_close_usd: FloatArray  # (n_seconds,), NaN before the first bar
    running_vwap_usd: FloatArray  # (n_seconds,), NaN before the first volume
    contract_tickers: tuple[str, ...]  # (n_contracts,)
    call_strikes_usd: FloatArray  # (n_calls,), ascending
    put_strikes_usd: FloatArray  # (n_puts,), ascending
    shares_per_contract: IntArray  # (n_contracts,)
    bar_offsets: IntArray  # (n_contracts + 1,)
    bar_seconds: SecondArray  # (n_bars,), since the open, ascending within a contract
    bar_prices_usd: FloatArray  # (n_bars,), the bar's vwap, else its close
    bar_highs_usd: FloatArray  # (n_bars,)
    bar_lows_usd: FloatArray  # (n_bars,)
    bar_trades: IntArray  # (n_bars,), -1 where unknown

    @property
    def n_contracts(self) -> int:
        """Contracts of the chain, with and without bars."""
        return len(self.contract_tickers)

    @property
    def n_calls(self) -> int:
        """The first ids are calls."""
        return len(self.call_strikes_usd)

    def __repr__(self) -> str:
        return (
            f"SessionData({self.ticker} {self.date}, {self.source}, {self.n_seconds} seconds, "
            f"{self.n_contracts} contracts, {len(self.bar_seconds)} option bars)"
        )


def data_fingerprint(sessions: Iterable[SessionData]) -> str:
    """SHA-256 over the tickers, dates and file hashes of a range's sessions, hexadecimal."""
    return combine_fingerprints((s.ticker, s.date, s.fingerprint) for s in sessions)


def combine_fingerprints(parts: Iterable[tuple[str, date, str]]) -> str:
    """Like `data_fingerprint`, from (ticker, date, session fingerprint) alone."""
    digest = hashlib.sha256()
    for ticker, day, fingerprint in parts:
        digest.update(f"{ticker} {day.isoformat()} {fingerprint}\n".encode())
    return digest.hexdigest()
