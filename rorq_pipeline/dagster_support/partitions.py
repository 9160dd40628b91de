"""The partitions of every asset: backtest date ranges, registered as they come up."""

import dagster as dg

from rorq_pipeline.dagster_support.failures import one_line_failures
from strategy.backtest_range import BacktestRange

PARTITION_SET = "backtest_range"
BACKTEST_RANGE = dg.DynamicPartitionsDefinition(name=PARTITION_SET)


def register_range(instance: dg.DagsterInstance, date_range: BacktestRange) -> None:
    """Make the range a partition; nothing happens where it is one already."""
    instance.add_dynamic_partitions(PARTITION_SET, [date_range.key])


def range_of_partition(partition_key: str) -> BacktestRange:
    """Return the range of a partition, whose own key may say the same sessions in other dates.

    Raises:
        dagster.Failure: the key, which anybody can add in the page, is no range.
    """
    with one_line_failures():
        return BacktestRange.parse(partition_key)
