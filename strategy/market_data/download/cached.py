"""What the cache already has of a session, and how a download starts from it."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from strategy.market_data.download.staging import Staging
from strategy.market_data.layout import session_folder, session_source
from strategy.market_data.mirror import is_partial
from strategy.market_data.plain_file import require_plain_file
from strategy.market_data.schema import (
    CHAIN_FILE,
    CHAIN_SCHEMA,
    FILE_SCHEMAS,
    OPTIONS_FILE,
    POLYGON,
    SYNTHETIC,
    UNDERLYING_FILE,
    UNDERLYING_SCHEMA,
)

EMPTY_CONTRACTS_KEY = b"rorq.empty_contracts"  # in each file: contracts the provider has no bars of


def is_cached(cache_dir: Path | str, ticker: str, day: date) -> bool:
    """Tell whether there is a session that a download leaves alone: any but a synthetic one.

    Nor is one that came from a bucket without all its files.
    """
    folder = session_folder(cache_dir, ticker, day)
    return folder.is_dir() and session_source(folder) != SYNTHETIC and not is_partial(folder)


def contracts_asked_for(folder: Path) -> set[str] | None:
    """Contracts whose bars a downloaded session holds, or is known to have none of.

    Returns:
        None if the session is not a downloaded one, or cannot be read.
    """
    if session_source(folder) != POLYGON:
        return None
    try:
        require_plain_file(folder / OPTIONS_FILE)
        options = pq.read_table(folder / OPTIONS_FILE, columns=["ticker"])
        return {*pc.unique(options["ticker"]).to_pylist(), *_empty_contracts(options.schema)}
    except (OSError, pa.ArrowException, ValueError):
        return None


def fill_staging(
    staging: Staging, cache_dir: Path | str, ticker: str, day: date
) -> list[str] | None:
    """Put a downloaded session's answers into staging, as if they had just come.

    Returns:
        The contracts that were asked for; None if the session is not a downloaded one, or cannot
        be read: it is then left alone.
    """
    folder = session_folder(cache_dir, ticker, day)
    if session_source(folder) != POLYGON:
        return None
    try:
        for name in FILE_SCHEMAS:
            require_plain_file(folder / name)
        options = pq.read_table(folder / OPTIONS_FILE)
        underlying = pq.read_table(folder / UNDERLYING_FILE).select(UNDERLYING_SCHEMA.names)
        chain = pq.read_table(folder / CHAIN_FILE).select(CHAIN_SCHEMA.names)
        empty = _empty_contracts(options.schema)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None
    staging.store("underlying", underlying.cast(UNDERLYING_SCHEMA))
    staging.store("chain", chain.cast(CHAIN_SCHEMA))
    contracts: list[str] = pc.unique(options["ticker"]).to_pylist()
    for name in contracts:
        bars = options.filter(pc.equal(options["ticker"], name)).select(UNDERLYING_SCHEMA.names)
        staging.store(name, bars.cast(UNDERLYING_SCHEMA))
    for name in empty:
        staging.store(name, UNDERLYING_SCHEMA.empty_table())
    return [*contracts, *empty]


def _empty_contracts(schema: pa.Schema) -> list[str]:
    """Contracts that the provider has no bars of, as the file's metadata says."""
    names: list[str] = json.loads((schema.metadata or {}).get(EMPTY_CONTRACTS_KEY, b"[]"))
    return names
