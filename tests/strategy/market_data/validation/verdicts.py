"""What validation and the reader say of a cache that has one session."""

from pathlib import Path

from strategy.date_range import DateRange
from strategy.errors import CacheError
from strategy.market_data import load_session
from strategy.market_data.validation import ValidationReport, validate_range
from tests.strategy.market_data.sound_session import DAY, SEARCH, SPARSE


def validated(cache_dir: Path) -> ValidationReport:
    """Validate it."""
    return validate_range(
        cache_dir, "SPY", DateRange(DAY, DAY), search_values=SEARCH, settings=SPARSE
    )


def is_refused(cache_dir: Path) -> bool:
    """Whether the reader refuses it."""
    try:
        load_session(cache_dir, "SPY", DAY)
    except CacheError:
        return True
    return False
