"""What was validated, and whether it is what is read now."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rorq_pipeline.project.resources import MarketData
from strategy.errors import CorruptFileError
from strategy.session import combine_fingerprints, data_fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from strategy.backtest_range import BacktestRange
    from strategy.market_data.validation import SessionRecord, ValidationReport, ValidationSettings
    from strategy.session import SessionData
    from strategy.space import SearchSpace

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


def validate(
    market_data: MarketData,
    date_range: "BacktestRange",
    search_space: "SearchSpace",
    settings: "ValidationSettings | None" = None,
    previous_manifest: "pd.DataFrame | None" = None,
) -> "ValidationReport":
    """Validate the cached sessions of a range; what has not changed is not looked at again."""
    from strategy.market_data.validation import validate_range

    return validate_range(
        market_data.cache_of(date_range.ticker),
        date_range.ticker,
        date_range,
        search_values=search_space,
        settings=settings,
        allow_missing=market_data.allow_missing_sessions,
        previous_manifest=previous_manifest,
    )


def read_manifest(path: Path) -> "pd.DataFrame | None":
    """Read what a former validation left; None where nothing is there that can be read."""
    import pandas as pd
    from pyarrow import ArrowException

    from strategy.market_data.validation import records_of

    try:
        manifest = pd.read_parquet(path)
        records_of(manifest)
    except (OSError, ArrowException, ValueError, KeyError, TypeError, CorruptFileError):
        return None  # each of them is what some damaged file leads to
    return manifest


def load_validated(
    market_data: MarketData,
    date_range: "BacktestRange",
    search_space: "SearchSpace",
    manifest: "pd.DataFrame | None",
) -> "tuple[Sequence[SessionData], bool]":
    """Load a range's sessions, of which every byte is validated.

    A manifest of other bytes, of other rules, or none, leads to a validation here and now.

    Returns:
        The sessions, and whether the manifest already vouched for them.

    Raises:
        CacheError: the sessions are unsound.
    """
    sessions = market_data.load(date_range)
    if manifest is not None and _vouches(manifest, data_fingerprint(sessions)):
        return sessions, True
    report = validate(market_data, date_range, search_space, previous_manifest=manifest)
    report.raise_for_errors()
    if report.fingerprint != data_fingerprint(sessions):  # changed between the two readings
        sessions, _ = load_validated(market_data, date_range, search_space, report.manifest)
    return sessions, False


def sessions_with_holes(manifest: "pd.DataFrame | None", fingerprint: str) -> int | None:
    """How many sessions are missing or were not seen whole; None for a manifest of other data."""
    from strategy.market_data.validation import records_of

    records = [] if manifest is None else records_of(manifest)
    cached = [one for one in records if one.is_cached]
    if _fingerprint(cached) != fingerprint:
        return None
    return sum(one.has_holes or not one.is_cached for one in records)


def _vouches(manifest: "pd.DataFrame", fingerprint: str) -> bool:
    from strategy.market_data.validation import RULES_VERSION, records_of

    records = records_of(manifest)
    return _fingerprint(records) == fingerprint and all(
        not one.errors and one.rules_version == RULES_VERSION for one in records
    )


def _fingerprint(records: "Iterable[SessionRecord]") -> str:
    return combine_fingerprints((one.ticker, one.date, one.fingerprint) for one in records)
