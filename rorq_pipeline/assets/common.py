"""What every asset states about itself, and small helpers of asset functions."""

import time
from collections.abc import Callable
from typing import Any

import dagster as dg

from rorq_pipeline.dagster_support.failures import LOST_STEP
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE, range_of_partition
from rorq_pipeline.project.cluster import dashboard_url
from strategy.backtest_range import BacktestRange

_DIGITS = 6  # of a number on a page; artifacts keep all
OWNERS = ["team:research"]


def range_asset(
    *, group: str, kinds: set[str], code_version: str, stage: str, **more: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Return dagster's asset decorator with what all assets of this graph have in common.

    There is no backfill policy on purpose: a backfill then is one run a range, with the range as
    the tag dagster/partition, by which dagster.yaml admits one run a range at a time. A policy of
    one partition a run would tag its runs otherwise.
    """
    decorator: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        group_name=group,
        kinds=kinds,
        code_version=code_version,
        owners=OWNERS,
        tags={"stage": stage},
        partitions_def=BACKTEST_RANGE,
        retry_policy=LOST_STEP,
        dagster_type=dg.Any,
        **more,
    )
    return decorator


def range_of(context: dg.AssetExecutionContext) -> BacktestRange:
    """Return the range of the partition that is being materialised."""
    return range_of_partition(context)


def numbers(values: dict[str, float | int | None]) -> dict[str, dg.MetadataValue]:
    """Return metadata that Dagster plots across partitions; what is not defined is left out."""
    return {name: _number(value) for name, value in values.items() if value is not None}


def elapsed(started_seconds: float) -> dict[str, dg.MetadataValue]:
    """Return the seconds since a reading of time.perf_counter()."""
    return numbers({"seconds": time.perf_counter() - started_seconds})


def cluster_link() -> dict[str, dg.MetadataValue]:
    """Return a link to the dashboard of the cluster that does the work; nothing without one."""
    url = dashboard_url()
    return {"cluster_dashboard": dg.MetadataValue.url(url)} if url else {}


def _number(value: float) -> dg.MetadataValue:
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    return dg.MetadataValue.float(float(f"{value:.{_DIGITS}g}"))
