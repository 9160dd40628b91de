"""Materialising assets of one range in this process, recorded in the project's instance."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.instance import project_instance
from rorq_pipeline.launcher import WORKER_TAG, this_worker
from rorq_pipeline.partitions import register_range
from rorq_pipeline.paths import ProjectPaths
from strategy.date_range import DateRange
from strategy.errors import ParameterError, RorqError

DEFAULT_SELECTION = "+report"  # the chain, from validation to the report
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
    keys = selected_keys(defs, selection)
    job = defs.resolve_job_def(_GLOBAL_JOB)
    with project_instance(ProjectPaths.resolve()) as instance, _one_line_config_errors():
        register_range(instance, date_range)
        result = job.execute_in_process(
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


@contextmanager
def _one_line_config_errors() -> Iterator[None]:
    try:
        yield
    except dg.DagsterInvalidConfigError as error:
        first = error.errors[0]
        raise ParameterError(
            first.message.split(" Expected: ")[0],
            expected="run config as the launchpad shows it",
            remedy="correct the run config",
        ) from None


def selected_keys(defs: dg.Definitions, selection: str) -> list[dg.AssetKey]:
    """Return the assets of a selection: parts joined by commas, each in Dagster's syntax.

    Raises:
        ParameterError: a part is malformed or names no asset.
    """
    graph = defs.resolve_asset_graph()
    keys: set[dg.AssetKey] = set()
    for part in selection.split(","):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", dg.BetaWarning)
                found = dg.AssetSelection.from_string(part.strip()).resolve(graph)
        except dg.DagsterError:
            found = set()
        if not found:
            names = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
            raise ParameterError(
                f"selection {part.strip()!r} names no asset",
                expected=f"a selection such as optimization or +report, over {names}",
                remedy="correct the selection",
            )
        keys |= found
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
