"""Materialising assets of one range in this process, recorded in the project's instance."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.instance import project_instance
from rorq_pipeline.launcher import WORKER_TAG, this_worker
from rorq_pipeline.partitions import register_range
from rorq_pipeline.paths import ProjectPaths
from strategy.date_range import DateRange
from strategy.errors import ParameterError, RorqError

DEFAULT_SELECTION = "+key:report"  # the chain, from validation to the report
_GLOBAL_JOB = "__ASSET_JOB"


class MaterializationError(RorqError):
    """An asset or a blocking check of a run failed."""


def materialize_range(
    date_range: DateRange,
    *,
    selection: str = DEFAULT_SELECTION,
    run_config: Mapping[str, Any] | None = None,
    definitions: dg.Definitions | None = None,
) -> str:
    """Materialise the selected assets of one range, with their checks.

    Returns:
        The id of the run.

    Raises:
        ParameterError: the selection names no asset.
        MaterializationError: an asset or a blocking check failed; its message is the cause's.
        DatabaseError: no usable database.
    """
    defs = definitions or build_definitions()
    keys = _selected_keys(defs, selection)
    with project_instance(ProjectPaths.resolve()) as instance:
        register_range(instance, date_range)
        result = defs.resolve_job_def(_GLOBAL_JOB).execute_in_process(
            instance=instance,
            partition_key=date_range.key,
            asset_selection=keys,
            run_config={"loggers": {"console": {}}, **(run_config or {})},
            tags={WORKER_TAG: this_worker(), "dagster/max_retries": "0"},
            raise_on_error=False,
        )
        if not result.success:
            raise MaterializationError(_cause(result))
        return result.run_id


def _selected_keys(defs: dg.Definitions, selection: str) -> list[dg.AssetKey]:
    graph = defs.resolve_asset_graph()
    try:
        keys = dg.AssetSelection.from_string(selection).resolve(graph)
    except (dg.DagsterInvalidSubsetError, dg.DagsterInvalidDefinitionError, ValueError):
        keys = set()
    if not keys:
        names = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
        raise ParameterError(
            f"selection {selection!r} names no asset",
            expected=f"an asset selection over {names}",
            remedy="correct the selection",
        )
    return sorted(keys)


def _cause(result: dg.ExecuteInProcessResult) -> str:
    """Return the message of the first failed step."""
    for event in result.all_events:
        if event.event_type is not dg.DagsterEventType.STEP_FAILURE:
            continue
        failure = event.step_failure_data
        if failure.user_failure_data and failure.user_failure_data.description:
            return str(failure.user_failure_data.description)
        error = failure.error
        if error is not None:
            root = error.cause or error
            return f"{event.step_key}: {root.message.strip().splitlines()[0]}"
    return "the run failed before its first step; see its log in Dagster"
