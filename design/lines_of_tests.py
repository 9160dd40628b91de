"""A pytest plugin for `mutants.py`: which tests run each line, told apart as coverage's contexts.

A line that a test runs is of the test; one that a shared fixture runs is of all tests that take the
fixture; one that an import runs is of none.
"""

import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest

SHARED = "fixture "
_tests: dict[str, dict[str, Any]] = {}
_failed: set[str] = set()
_context = [""]
_shared_seconds = [0.0]


def _in_context(name: str) -> Generator[None, Any, Any]:
    _context.append(name)
    _switch()
    try:
        return (yield)
    finally:
        _context.pop()
        _switch()


def _switch() -> None:
    measuring = coverage.Coverage.current()
    if measuring is None:
        raise pytest.UsageError("run pytest by coverage")
    measuring.switch_context(_context[-1])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Function) -> Generator[None, Any, Any]:
    """What a test runs is of the test."""
    begun, shared = time.monotonic(), _shared_seconds[0]
    try:
        return (yield from _in_context(item.nodeid))
    finally:
        seconds = time.monotonic() - begun - (_shared_seconds[0] - shared)
        _tests[item.nodeid] = {"seconds": seconds, "fixtures": list(item.fixturenames)}


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """What a shared fixture runs is of all tests that take it."""
    if fixturedef.scope == "function":
        return (yield)
    begun, within = time.monotonic(), _shared_seconds[0]
    try:
        return (yield from _in_context(SHARED + fixturedef.argname))
    finally:
        _shared_seconds[0] = within + time.monotonic() - begun


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that fails without a mutant says nothing of one."""
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write what each test took."""
    told = {test: _tests[test] for test in _tests if test not in _failed}
    Path(os.environ["LINES_OF_TESTS"]).write_text(json.dumps(told), encoding="utf-8")
