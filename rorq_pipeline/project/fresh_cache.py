"""Brings the sessions of a cache in object storage here; a cache on disk is as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from rorq_pipeline.project.paths import ProjectPaths

if TYPE_CHECKING:
    from strategy.market_data.mirror import OnSession

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


def cache_folder(paths: ProjectPaths) -> Path:
    """Return the cache's folder; of a bucket, one that knows of which, with what it has by now."""
    if paths.bucket:
        from strategy.market_data.mirror import make_mirror

        make_mirror(paths.cache, paths.bucket)
    return paths.cache


def fresh_cache(paths: ProjectPaths, ticker: str, on_session: "OnSession | None" = None) -> Path:
    """Return the cache's folder, with the ticker's sessions of the bucket in it, if it is one.

    Raises:
        BucketError: the bucket is not there, cannot be reached, or refuses.
    """
    if paths.bucket:
        from strategy.market_data.mirror import make_mirror

        make_mirror(paths.cache, paths.bucket).refresh(ticker, on_session)
    return paths.cache
