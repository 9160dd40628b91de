"""The partitions of every asset: backtest date ranges, registered as they come up."""

import dagster as dg

from strategy.date_range import DateRange

PARTITION_SET = "backtest_range"
BACKTEST_RANGE = dg.DynamicPartitionsDefinition(name=PARTITION_SET)


def register_range(instance: dg.DagsterInstance, date_range: DateRange) -> None:
    """Make the range a partition; nothing happens where it is one already."""
    instance.add_dynamic_partitions(PARTITION_SET, [date_range.key])
