"""What every check states about itself: the asset, on whose partitions it is, and how it is told.

A check is evaluated for one range, is shown for that range, and can be executed for it alone.
What is not known is a warning, never a pass.
"""

import warnings
from collections.abc import Iterable, Iterator
from functools import partial

import dagster as dg

from rorq_pipeline.dagster_support.failures import LOST_STEP
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE

range_checks = partial(dg.multi_asset_check, retry_policy=LOST_STEP)


def range_check(
    name: str, *, asset: str, description: str, blocking: bool = False
) -> dg.AssetCheckSpec:
    """Return a check's spec, on the partitions of its asset."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # of partitions_def, in Dagster 1.13
        return dg.AssetCheckSpec(
            name,
            asset=asset,
            description=description,
            blocking=blocking,
            partitions_def=BACKTEST_RANGE,
        )


def selected(
    context: dg.AssetCheckExecutionContext, results: Iterable[dg.AssetCheckResult]
) -> Iterator[dg.AssetCheckResult]:
    """Pass on the results that were asked for, which may be one alone."""
    names = {key.name for key in context.selected_asset_check_keys}
    return (result for result in results if result.check_name in names)
