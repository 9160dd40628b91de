"""The asset `downloaded_sessions`: what the data provider has for a range, put into the cache."""

from typing import TYPE_CHECKING

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.project.config import DownloadConfig
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.provider_key import find_provider_key, require_provider_key
from rorq_pipeline.project.resources import MarketData

if TYPE_CHECKING:
    from strategy.market_data.download import DownloadProgress

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="data",
    kinds={"polygon", "parquet"},
    code_version="1",
    stage="download",
    io_manager_key="results",
    description="One-second sessions of a range from Polygon (now Massive), with the contracts "
    "that the search space could choose. Sessions in the cache stay. Not in the default job.",
)
def downloaded_sessions(
    context: dg.AssetExecutionContext, config: DownloadConfig, market_data: MarketData
) -> dg.MaterializeResult:
    """Download the range's sessions that are not cached."""
    from rorq_pipeline.results.models import Download

    root, date_range = ProjectPaths.resolve().root, range_of(context)
    with one_line_failures():
        if not config.require_key and find_provider_key(root) is None:
            context.log.warning("POLYGON_API_KEY is not set: nothing is downloaded")
            return dg.MaterializeResult(
                value=Download(report=None), metadata={"downloaded": 0, "provider_key": "not set"}
            )
        from strategy.market_data.download import DownloadSettings, download_sessions

        report = download_sessions(
            market_data.cache_of(date_range.ticker),
            date_range.ticker,
            date_range.sessions,
            DownloadSettings(
                api_key=require_provider_key(root),
                base_url=config.base_url,
                requests_per_minute=config.requests_per_minute,
                concurrency=config.concurrency,
            ),
            progress=_Log(context),
            search_values=config.space(),
        )
        report.raise_for_failures()
    return dg.MaterializeResult(
        value=Download(report=report),
        metadata=numbers(
            {
                "downloaded": len(report.written),
                "cached_before": len(report.kept),
                "empty_at_provider": len(report.empty),
                "not_yet_ended": len(report.not_yet),
                "requests": report.requests,
                "contracts": report.contracts,
                "contracts_without_bars": report.contracts_without_bars,
            }
        ),
    )


class _Log:
    """One line a session in the run's log."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._sessions_done: int | None = None

    def __call__(self, at: "DownloadProgress") -> None:
        if at.sessions_done != self._sessions_done:
            self._sessions_done = at.sessions_done
            self._context.log.info(
                "%d of %d sessions, %s", at.sessions_done, at.sessions_total, at.day
            )
