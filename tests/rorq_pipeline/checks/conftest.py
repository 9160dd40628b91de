"""What a check came to, as plain values."""

from typing import Any

import dagster as dg

from rorq_pipeline.dagster_support.io_managers import ArtifactIOManager, ParquetIOManager
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE, PARTITION_SET
from rorq_pipeline.project.resources import MarketData
from tests.rorq_pipeline.conftest import plain

IO = {"results": ArtifactIOManager(), "tables": ParquetIOManager()}


def outcome(check: dg.AssetCheckResult | dg.AssetCheckEvaluation) -> dict[str, Any]:
    """A check's outcome with the figures in its metadata."""
    assert check.severity is not None
    return {
        "passed": check.passed, "severity": check.severity.value, "text": check.description,
        **plain(check.metadata),
    }  # fmt: skip


def run_alone(
    checks: dg.AssetChecksDefinition, name: str, partition: str, io: str = "results", **config: Any
) -> dict[str, dict[str, Any]]:
    """Execute one check on what lies in the project's artifacts; what was evaluated, by name."""
    (asset,) = {spec.asset_key for spec in checks.check_specs}
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(asset, name))
    upstream = dg.AssetSpec(asset, partitions_def=BACKTEST_RANGE).with_io_manager_key(io)
    definitions = dg.Definitions(
        assets=[upstream],
        asset_checks=[checks],
        resources={**IO, "market_data": MarketData()},
        jobs=[dg.define_asset_job("alone", selection=selection)],
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(PARTITION_SET, [partition])
        done = definitions.resolve_job_def("alone").execute_in_process(
            instance=instance, tags={"dagster/partition": partition},
            run_config={"ops": {checks.node_def.name: {"config": config}}} if config else None,
        )  # fmt: skip
    made = done.get_asset_check_evaluations()
    assert {one.partition for one in made} == {partition}
    return {one.check_name: outcome(one) for one in made}
