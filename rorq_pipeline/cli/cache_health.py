"""Validation of cached sessions that remembers what it has seen, for the commands on the cache.

The memory is a manifest in the state folder; without it, everything is validated again.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rorq_pipeline.project.paths import ProjectPaths
from strategy.whole_file import written_whole

if TYPE_CHECKING:
    import pandas as pd

    from strategy.date_range import DateRange
    from strategy.market_data.validation import ValidationReport

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


def validate_remembering(
    paths: ProjectPaths,
    ticker: str,
    date_range: "DateRange",
    *,
    allow_missing: bool,
    on_session: Callable[[date], object],
) -> "ValidationReport":
    """Validate a range for the seed's search space; unchanged sessions are not looked at again."""
    from rorq_pipeline.results.validated import read_manifest
    from strategy.market_data.validation import validate_range
    from strategy.space import SearchSpace

    path = paths.state / "validation" / f"{ticker}.parquet"
    remembered = read_manifest(path)
    report = validate_range(
        paths.cache,
        ticker,
        date_range,
        search_values=SearchSpace.seed(),
        allow_missing=allow_missing,
        previous_manifest=remembered,
        on_session=on_session,
    )
    if report.taken_over < sum(record.is_cached for record in report.records):
        _write(path, _merged(remembered, report.manifest))
    return report


def _merged(remembered: "pd.DataFrame | None", manifest: "pd.DataFrame") -> "pd.DataFrame":
    """The manifest's rows, and the remembered ones of other dates."""
    import pandas as pd

    if remembered is None or list(remembered.columns) != list(manifest.columns):
        return manifest
    others = remembered[~remembered["date"].isin(manifest["date"])]
    return pd.concat([others, manifest], ignore_index=True) if len(others) else manifest


def _write(path: Path, manifest: "pd.DataFrame") -> None:
    """Put the manifest in place by one rename; a state folder that is read-only is no error."""
    with suppress(OSError), written_whole(path) as beside:
        manifest.to_parquet(beside)
