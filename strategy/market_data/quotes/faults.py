"""What makes a quote unusable: the one place that says so, for validation and for settlement."""

import pandas as pd

from strategy.market_data.schema import MAX_PRICE_USD

STALE_QUOTE_SECONDS = 60.0  # before the end of the fill's second; live quotes change many times
QUOTE_FAULTS = ("missing", "zero", "crossed", "stale")  # a quote has the first that holds


def quote_faults(quotes: pd.DataFrame) -> pd.DataFrame:
    """Tell the fault of each quote: a column of booleans a fault, in each row one at most.

    No bid is no fault, since it sells for nothing; an ask of nothing is one.

    Args:
        quotes: `timestamp`, `quoted_at`, `bid` and `ask` as in QUOTES_SCHEMA; rows without
            `quoted_at` or ask are missing quotes.
    """
    bid, ask = quotes["bid"].fillna(0.0), quotes["ask"]
    age_seconds = _utc_seconds(quotes["timestamp"]) + 1.0 - _utc_seconds(quotes["quoted_at"])
    holds = {
        "missing": quotes["quoted_at"].isna() | ask.isna(),
        "zero": ~ask.between(0.0, MAX_PRICE_USD, inclusive="right") | (bid < 0.0),
        "crossed": bid > ask,
        "stale": ~age_seconds.between(0.0, STALE_QUOTE_SECONDS),
    }
    found, sound = {}, pd.Series(True, quotes.index)
    for fault in QUOTE_FAULTS:
        found[fault] = holds[fault] & sound
        sound &= ~holds[fault]
    return pd.DataFrame(found, index=quotes.index)


def _utc_seconds(moments: pd.Series) -> pd.Series:
    """Seconds since 1970 as floats, which damaged moments do not overflow; NaN where missing."""
    per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[moments.dt.unit]
    return (moments.astype("int64") / per_second).where(moments.notna())
