"""What every asset states about itself, and small helpers of asset functions."""

import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg

from rorq_pipeline.partitions import BACKTEST_RANGE
from strategy.date_range import DateRange

LOST_STEP = dg.RetryPolicy(max_retries=3, delay=5.0)  # a killed step, or a database away
Table = Any  # a pandas.DataFrame; pandas is imported where a table is used, not where it is named

OWNERS = ["team:research"]
# Ranges do not depend on each other, and each study uses the machine by itself: a backfill is one
# run a range.
BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def range_asset(
    *, group: str, kinds: set[str], code_version: str, stage: str, **more: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Return dagster's asset decorator with what all assets of this graph have in common."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy
        return dg.asset(
            group_name=group,
            kinds=kinds,
            code_version=code_version,
            owners=OWNERS,
            tags={"stage": stage},
            partitions_def=BACKTEST_RANGE,
            backfill_policy=BACKFILL_POLICY,
            retry_policy=LOST_STEP,
            dagster_type=dg.Any,
            **more,
        )


def range_of(context: dg.AssetExecutionContext) -> DateRange:
    """Return the range of the partition that is being materialised."""
    return DateRange.parse(context.partition_key)


def numbers(values: dict[str, float | int | None]) -> dict[str, dg.MetadataValue]:
    """Return metadata that Dagster plots across partitions; what is not defined is left out."""
    return {name: _number(value) for name, value in values.items() if value is not None}


def _number(value: float) -> dg.MetadataValue:
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    return dg.MetadataValue.float(value)
