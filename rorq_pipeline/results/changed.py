"""Published ranges whose sessions are no longer those that they were measured on."""

from collections.abc import Mapping
from datetime import date

from rorq_pipeline.results.artifacts import ArtifactError, artifact_folder
from rorq_pipeline.results.models import BestParams
from strategy.backtest_range import BacktestRange
from strategy.errors import DateRangeError
from strategy.session import combine_fingerprints


def changed_since_published(ticker: str, fingerprints: Mapping[date, str]) -> list[str]:
    """Return the keys of the ranges of which a session was replaced, removed or put in between.

    Sessions after the last one that a result was measured on do not change it. Files of former
    versions, and damaged ones, are passed over.

    Args:
        ticker: The underlying.
        fingerprints: Of all its cached sessions.
    """
    changed = []
    for path in sorted(artifact_folder(BestParams.ASSET).glob("*.json")):
        try:
            date_range = BacktestRange.parse(path.stem)
            best = BestParams.read_file(path)
        except (DateRangeError, ArtifactError):
            continue
        if date_range.ticker != ticker:
            continue
        days = [day for day in date_range.sessions if day in fingerprints][: best.n_sessions]
        now = combine_fingerprints((ticker, day, fingerprints[day]) for day in days)
        if now != best.data_fingerprint:
            changed.append(date_range.key)
    return changed
