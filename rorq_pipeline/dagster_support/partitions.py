"""The partitions of every asset: backtest date ranges, registered as they come up."""

from typing import Protocol

import dagster as dg

from rorq_pipeline.dagster_support.failures import one_line_failures
from strategy.backtest_range import BacktestRange

PARTITION_SET = "backtest_range"
BACKTEST_RANGE = dg.DynamicPartitionsDefinition(name=PARTITION_SET)


def register_range(instance: dg.DagsterInstance, date_range: BacktestRange) -> None:
    """Make the range a partition; nothing happens where it is one already."""
    instance.add_dynamic_partitions(PARTITION_SET, [date_range.key])


class _Partitioned(Protocol):
    """What Dagster's contexts have in common."""

    @property
    def has_partition_key(self) -> bool: ...

    @property
    def partition_key(self) -> str: ...


def range_of_partition(context: _Partitioned) -> BacktestRange:
    """Return the range of a run's partition, whose key may say the same sessions in other dates.

    Raises:
        dagster.Failure: the run is of no partition, as the button "Execute all" above a list of
            checks launches it, or its key, which anybody can add in the page, is no range.
    """
    if not context.has_partition_key:
        raise dg.Failure(
            "the run is of no backtest range; expected one of the partitions; launch the job "
            "check_range for checks alone, or materialize the asset, and choose a range there",
            allow_retries=False,
        )
    with one_line_failures():
        return BacktestRange.parse(context.partition_key)
