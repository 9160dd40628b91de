"""Jobs: selections of the asset graph under a name, and the single backtest."""

from typing import Any

import dagster as dg

from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE, range_of_partition
from rorq_pipeline.project.config import BacktestConfig
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.project.run_config import project_run_config
from rorq_pipeline.results.artifacts import artifact_path, write_whole

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

_WITH_DOWNLOAD = dg.AssetSelection.assets("report").upstream()
_CHAIN = _WITH_DOWNLOAD - dg.AssetSelection.assets("downloaded_sessions")

optimize_range = dg.define_asset_job(
    "optimize_range",
    selection=_CHAIN,
    description="Validate, search, publish the best parameters and report, for one range.",
)

download_and_optimize = dg.define_asset_job(
    "download_and_optimize",
    selection=_WITH_DOWNLOAD,
    description="Download what the range lacks, where a key is set, then all of optimize_range.",
)

_CHECKED = (
    "validated_cache",
    "best_params",
    "selection_statistics",
    "out_of_sample",
    "verdict",
)


def _check_config(_partition_key: str) -> dict[str, Any]:
    return project_run_config(ProjectPaths.resolve().root, ("result_checks", "selection_checks"))


# Dagster 1.13 takes a job of checks alone as partitioned only by its config. A check's own page has
# no button for one partition yet.
check_range = dg.define_asset_job(
    "check_range",
    selection=dg.AssetSelection.checks_for_assets(*_CHECKED),
    config=dg.PartitionedConfig(BACKTEST_RANGE, run_config_for_partition_key_fn=_check_config),
    description="Evaluate the checks of one range again, all or those chosen in the launchpad, on "
    "what is stored. Nothing is computed anew but the proofs.",
)

validate_only = dg.define_asset_job(
    "validate_only",
    selection=dg.AssetSelection.assets("validated_cache"),
    description="Check the cached sessions of one range, and nothing else.",
)


@dg.op(out=dg.Out(dg.Nothing), description="Trade one parameter set through a range's sessions.")
def backtest(
    context: dg.OpExecutionContext, config: BacktestConfig, market_data: MarketData
) -> None:
    """Run one backtest, keep its trades, and tell its metrics."""
    from strategy.backtest import run_backtest

    date_range = range_of_partition(context)
    with one_line_failures():
        result = run_backtest(config.strategy_params(date_range), market_data.load(date_range))
    path = artifact_path("single_backtest", f"{date_range.key}-{context.run_id[:8]}", ".parquet")
    write_whole(path, lambda beside: result.trades.to_parquet(beside, index=False))
    told = {**result.metrics.as_dict(), **result.counts.as_dict()}
    context.log.info(", ".join(f"{name} {value}" for name, value in told.items()))
    context.add_output_metadata(
        {
            **{name: value for name, value in told.items() if value is not None},
            "trades": dg.MetadataValue.path(path),
        }
    )


@dg.job(
    partitions_def=BACKTEST_RANGE,
    description="One backtest of one range with the parameters of the launchpad.",
)
def single_backtest() -> None:
    """Trade one parameter set."""
    backtest()
