"""A cache of five small sessions in four months, and a search space that they trade in."""

from datetime import date
from pathlib import Path
from random import Random

import pyarrow as pa

from strategy.market_data.layout import session_fingerprint, session_folder
from strategy.market_data.schema import (
    CHAIN_FILE,
    CHAIN_SCHEMA,
    OPTIONS_FILE,
    OPTIONS_SCHEMA,
    UNDERLYING_FILE,
    UNDERLYING_SCHEMA,
)
from strategy.market_data.writing import write_session
from tests.spaces import space_of
from tests.strategy.made_sessions import OPENS_UTC_SECONDS
from tests.strategy.random_sessions import random_frames

DAYS = sorted(OPENS_UTC_SECONDS)
SPACE = space_of(
    entry_window=("09:30-10:30", "09:30-15:45"),
    stretch_threshold=(0.0005, 0.001, 0.02),
    cooldown_period_seconds=(30, 600),
    take_profit_percent=(5, 50, 100),
    stop_loss_percent=(-5, -50, -100),
    max_trade_duration_seconds=(1, 60, 1200),
    option_selection_mode=("itm", "otm", "atm"),
)


def make_cache(cache: Path) -> dict[date, str]:
    """Write the sessions; return the fingerprint of each."""
    random = Random(7)
    for day in DAYS:
        made = random_frames(
            random, day, n_underlying_bars=300, n_option_bars=200, strikes=list(range(-3, 4))
        )
        frames = {
            UNDERLYING_FILE: (made.underlying, UNDERLYING_SCHEMA),
            CHAIN_FILE: (made.chain, CHAIN_SCHEMA),
            OPTIONS_FILE: (made.options, OPTIONS_SCHEMA),
        }
        tables = {
            name: pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
            for name, (frame, schema) in frames.items()
        }
        write_session(cache, "SPY", day, tables, source="synthetic")
    return {day: session_fingerprint(session_folder(cache, "SPY", day)) for day in DAYS}
