"""Each name that is no part of Dagster's promises, tried by itself: at an upgrade, what went?"""

import ast
import importlib
import logging
import re
from pathlib import Path

import dagster as dg
import pytest

import rorq_pipeline

PACKAGE = Path(rorq_pipeline.__file__).parent
INTERNALS = PACKAGE / "dagster_support" / "internals.py"
NAMES = [  # module and name, read from the file, which would not even load without one of them
    (node.module, alias.name)
    for node in ast.walk(ast.parse(INTERNALS.read_text(encoding="utf-8")))
    if isinstance(node, ast.ImportFrom) and "._" in (node.module or "")
    for alias in node.names
]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_the_name_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    "method",
    [
        "_get_grpc_client_for_termination",
        "check_run_worker_health",  # which our launcher overrides
        "supports_check_run_worker_health",
    ],
)
def test_the_launcher_has_the_method(method: str) -> None:
    assert hasattr(dg.DefaultRunLauncher, method)


def test_a_log_record_tells_the_step_and_the_event() -> None:
    from rorq_pipeline.dagster_support.internals import get_log_record_metadata

    told = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(get_log_record_metadata(record))

    @dg.logger
    def listening(_: object) -> logging.Logger:
        logger = logging.Logger("listening", logging.DEBUG)  # noqa: LOG001
        logger.addHandler(Listener())
        return logger

    @dg.op
    def speaks(context: dg.OpExecutionContext) -> None:
        context.log.info("a word")

    @dg.job(logger_defs={"console": listening})
    def speaking() -> None:
        speaks()

    speaking.execute_in_process(run_config={"loggers": {"console": {}}})
    spoken = [t for t in told if t["orig_message"] == "a word"]
    assert [(t["step_key"], t["dagster_event"]) for t in spoken] == [("speaks", None)]
    events = {t["dagster_event"].event_type for t in told if t["dagster_event"]}
    assert dg.DagsterEventType.STEP_START in events


def test_no_other_module_uses_what_dagster_does_not_promise() -> None:
    users = {
        path
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bdagster(\.\w+)*\._", path.read_text(encoding="utf-8"))
    }
    assert users == {INTERNALS}
