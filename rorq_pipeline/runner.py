"""Materialising assets of one range in this process, recorded in the project's instance."""

import re
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from optimize.signals import remembered_requests
from rorq_pipeline.dagster_support.instance import project_instance
from rorq_pipeline.dagster_support.internals import IMPLICIT_ASSET_JOB_NAME
from rorq_pipeline.dagster_support.launcher import WORKER_TAG, this_worker
from rorq_pipeline.dagster_support.partitions import register_range
from rorq_pipeline.dagster_support.stopping import AGAIN, end_with_stopped_step
from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.project.machine import require_memory, shortage
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.run_config import command_run_config
from strategy.backtest_range import BacktestRange
from strategy.errors import ParameterError, RorqError

# The chain, from validation to the report
DEFAULT_SELECTION = "+key:report and not key:downloaded_sessions"


class MaterializationError(RorqError):
    """An asset or a blocking check of a run failed."""


class StoppedError(MaterializationError):
    """A run was stopped on request."""


def materialize_range(
    date_range: BacktestRange,
    *,
    selection: str = DEFAULT_SELECTION,
    run_config: Mapping[str, Any] | None = None,
    definitions: dg.Definitions | None = None,
) -> str:
    """Materialise the selected assets of one range, with their checks.

    `run_config` goes over what the project's own `run_config.yaml` says.

    Returns:
        The id of the run.

    Raises:
        ResourceError: the machine has too little memory for as many sessions; nothing has run then.
        ParameterError: the selection names no asset, or the run config names what it does not run
            or has a value that is not admitted; nothing has run then.
        MaterializationError: an asset or a blocking check failed; its message is the cause's.
        StoppedError: Ctrl-C or SIGTERM.
        DatabaseError: no usable database.
    """
    require_memory(len(date_range.sessions))
    defs = definitions or build_definitions()
    paths = ProjectPaths.resolve()
    with (
        project_instance(paths) as instance,
        _one_line_errors(),
        remembered_requests() as is_asked,
    ):
        keys = selected_keys(defs, selection)
        job = defs.resolve_job_def(IMPLICIT_ASSET_JOB_NAME)
        config = command_run_config(paths.root, selected_ops(defs, selection), run_config or {})
        register_range(instance, date_range)
        run_id = str(uuid.uuid4())
        stopped = end_with_stopped_step(instance, run_id, is_asked)
        result = job.execute_in_process(
            run_id=run_id,
            instance=instance,
            partition_key=date_range.key,
            asset_selection=keys,
            run_config={"loggers": {"console": {}}, **config},
            tags={WORKER_TAG: this_worker(), "dagster/max_retries": "0"},
            raise_on_error=False,
        )
        if stopped:
            raise StoppedError(stopped[0])
        if not result.success:
            raise MaterializationError(_cause(result))
        return run_id


def _with_all_upstream(part: str) -> str:
    """Read + and * beside a bare name as Dagster's UI reads + beside key: everything that way."""
    found = re.fullmatch(r"([+*]?)(\w+)([+*]?)", part)
    if found is None:
        return part
    before, name, after = found.groups()
    return f"{'+' * len(before)}key:{name}{'+' * len(after)}"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        raise StoppedError(AGAIN) from None
    except dg.DagsterInvalidConfigError as error:
        first = error.errors[0]
        raise ParameterError(
            first.message.split(" Expected: ")[0],
            expected="run config as the launchpad shows it",
            remedy="correct the run config",
        ) from None
    except Exception as error:
        told = shortage(error)
        if told is None:
            raise
        raise told from None


def selected_ops(defs: dg.Definitions, selection: str) -> set[str]:
    """Return the names by which run config calls what a selection runs.

    Raises:
        ParameterError: a part of the selection is malformed or names no asset.
    """
    job = defs.resolve_job_def(IMPLICIT_ASSET_JOB_NAME)
    keys = set(selected_keys(defs, selection))
    return {node.name for node in job.get_subset(asset_selection=keys).nodes}


def selected_keys(defs: dg.Definitions, selection: str) -> list[dg.AssetKey]:
    """Return the assets of a selection: parts joined by commas, each in Dagster's syntax.

    A bare name may stand for key:name, so +report is the report with everything before it.

    Raises:
        ParameterError: a part is malformed or names no asset.
    """
    graph = defs.resolve_asset_graph()
    keys: set[dg.AssetKey] = set()
    for part in selection.split(","):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", dg.BetaWarning)
                found = dg.AssetSelection.from_string(_with_all_upstream(part.strip())).resolve(
                    graph
                )
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
    """Return the message of the first blocking check or step that failed."""
    for event in result.all_events:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if (
                check.blocking
                and check.severity is dg.AssetCheckSeverity.ERROR
                and not check.passed
            ):
                name = f"check {check.check_name} of {check.asset_key.to_user_string()}"
                return f"{name} failed: {check.description or 'see the run in Dagster'}"
        if event.event_type is dg.DagsterEventType.STEP_FAILURE:
            return _step_failure(event)
    return "the run failed before its first step; see its log in Dagster"


def _step_failure(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    if failure.error is None:
        return f"{event.step_key} failed; see the run in Dagster"
    root = failure.error.cause or failure.error
    return f"{event.step_key}: {root.message.strip().splitlines()[0]}"
