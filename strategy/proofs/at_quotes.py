"""Trades settled again at the quotes of their fills: bought at the ask, sold at the bid.

Fills without a usable quote stay at the price of their bar and the slippage of the parameters, and
are counted: missing, zero (no bid side is fine, an ask of nothing is not), crossed, or stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from strategy.market_data.quotes.faults import QUOTE_FAULTS, STALE_QUOTE_SECONDS, quote_faults
from strategy.metrics import Metrics
from strategy.params import StrategyParams
from strategy.proofs.settling import metrics_of, settled
from strategy.session import FloatArray, SessionData

LEAST_USABLE_FRACTION = 0.9  # of the fills, for the result to count as known


@dataclass(frozen=True, kw_only=True)
class AtQuotes:
    """The same trades at ask and bid, and what is wrong with quotes."""

    metrics: Metrics
    n_fills: int
    n_missing: int
    n_zero: int
    n_crossed: int
    n_stale: int
    mean_spread_usd: float | None  # of usable quotes, per share

    @property
    def n_usable(self) -> int:
        """Fills that were settled at a quote."""
        return self.n_fills - self.n_missing - self.n_zero - self.n_crossed - self.n_stale

    @property
    def is_known(self) -> bool:
        """Whether enough fills have a usable quote."""
        return self.n_fills > 0 and self.n_usable >= LEAST_USABLE_FRACTION * self.n_fills

    @property
    def return_on_risk_percent(self) -> float | None:
        """The objective at quotes; None where too few fills have one."""
        return self.metrics.return_on_risk_percent if self.is_known else None

    def summary(self) -> str:
        """One line: fills at quotes, and what is wrong with the others."""
        faults = {
            "without a quote": self.n_missing,
            "at a zero quote": self.n_zero,
            "at a crossed quote": self.n_crossed,
            f"at a quote older than {STALE_QUOTE_SECONDS:g} s": self.n_stale,
        }
        told = "".join(f", {count} {words}" for words, count in faults.items() if count)
        return f"{self.n_usable} of {self.n_fills} fills at quotes{told}"


def settle_at_quotes(
    params: StrategyParams,
    trades: pd.DataFrame,  # columns as `BacktestResult.trades`
    sessions: Sequence[SessionData],
    quotes: pd.DataFrame,  # columns of QUOTES_SCHEMA, of any number of sessions
) -> AtQuotes:
    """Settle trades at ask and bid, without the slippage that stands for the spread."""
    entry, exit_ = (_quotes_of(trades, quotes, name) for name in ("entry", "exit"))
    both = pd.concat([entry, exit_])
    bought, sold = (trades[name].to_numpy(np.float64) for name in ("entry_price", "exit_price"))
    entry_prices = np.where(entry["usable"], entry["ask"], bought + _slippage(params, bought))
    at_bars = np.maximum(sold - _slippage(params, sold), 0.0)
    exit_prices = np.where(exit_["usable"], exit_["bid"], at_bars)
    at_prices = params.replacing(slippage_amount=0.0, slippage_fraction=0.0)
    usable = both[both["usable"]]
    return AtQuotes(
        metrics=metrics_of(
            settled(at_prices, trades, sessions, entry_prices, exit_prices), sessions
        ),
        n_fills=len(both),
        **{f"n_{fault}": int(both[fault].sum()) for fault in QUOTE_FAULTS},
        mean_spread_usd=float((usable["ask"] - usable["bid"]).mean()) if len(usable) else None,
    )


def _quotes_of(trades: pd.DataFrame, quotes: pd.DataFrame, fill: str) -> pd.DataFrame:
    """Bid, ask, faults and `usable` of each entry or exit, in the order of the trades."""
    keys = pd.DataFrame(
        {"ticker": trades["ticker"].to_numpy(), "second": _seconds(trades[f"{fill}_time"])}
    )
    known = quotes.assign(second=_seconds(quotes["timestamp"])).drop_duplicates(
        ["ticker", "second"], keep="last"
    )
    found = keys.merge(known, how="left", on=["ticker", "second"], validate="many_to_one")
    faults = quote_faults(found)
    bid = found["bid"].fillna(0.0)  # nobody bids: it sells for nothing
    return found.assign(bid=bid, usable=~faults.any(axis=1), **faults)


def _seconds(moments: pd.Series) -> npt.NDArray[np.int64]:
    seconds: npt.NDArray[np.int64] = moments.dt.as_unit("s").astype("int64").to_numpy()
    return seconds


def _slippage(params: StrategyParams, prices: FloatArray) -> FloatArray:
    return params.slippage_amount + params.slippage_fraction * prices
