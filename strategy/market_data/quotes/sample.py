"""Quotes of synthetic sessions: the generator's own fair value and spread, made when asked for."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from strategy.market_data.layout import session_folder
from strategy.market_data.quotes.files import Fill, quotes_table
from strategy.market_data.sample.generate import SampleSettings, sample_path, stated_settings
from strategy.market_data.sample.options import bid_and_ask

_CONTRACTS_SHOWN = 10.0  # at bid and at ask


def sample_quotes(
    cache_dir: Path | str, ticker: str, day: date, fills: Sequence[Fill]
) -> pa.Table | None:
    """Return the quotes of a synthetic session, in the schema of the cache.

    None where the session is of another release of the generator, whose path is not known here.
    """
    settings = stated_settings(session_folder(cache_dir, ticker, day), ticker)
    return None if settings is None else made_quotes(day, settings, fills)


def made_quotes(day: date, settings: SampleSettings, fills: Sequence[Fill]) -> pa.Table:
    """Return the quotes that the generator's market shows at the end of each fill's second."""
    plan, path = sample_path(day, settings)
    seconds = np.array([second for _, second in fills]) - plan.times.open_utc_seconds
    strikes = np.array([int(contract[-8:]) / 1000 for contract, _ in fills], dtype=np.float64)
    is_call = np.array([contract[-9] == "C" for contract, _ in fills])
    bids, asks = bid_and_ask(path, seconds, strikes, is_call)
    sizes = {"bid_size": _CONTRACTS_SHOWN, "ask_size": _CONTRACTS_SHOWN}
    quoted_at = [(second + 1) * 1_000_000_000 - 1 for _, second in fills]  # as the second ends
    return quotes_table(
        (fill, {"bid": bid, "ask": ask, "quoted_at": moment, **sizes})
        for fill, bid, ask, moment in zip(
            fills, bids.tolist(), asks.tolist(), quoted_at, strict=True
        )
    )
