"""The root group: what it sets, and what becomes of an error that a command raises."""

import errno
import importlib
import os
from collections.abc import Callable

import pytest
from click.testing import Result

from strategy.errors import ParameterError

Rorq = Callable[..., Result]
NO_SPACE = (
    "error: no space is left on the disk of /a; expected room for artifacts, cache and database, "
    "some 100 MB; free space (rorq doctor shows what there is); the same command then goes on\n"
)


@pytest.mark.parametrize(("before", "after"), [(0, 0o022), (0o011, 0o033), (0o077, 0o077)])
def test_others_may_not_write_and_what_else_the_shell_withholds_stays_so(
    rorq: Rorq, before: int, after: int
) -> None:
    former = os.umask(before)
    rorq("nonsense")
    assert os.umask(former) == after


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ParameterError("seed -1", expected="a whole number", remedy="correct it"),
            "error: seed -1; expected a whole number; correct it\n",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "/a"), NO_SPACE),
    ],
)
def test_what_the_user_or_the_machine_lacks_is_one_line(
    rorq: Rorq, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    result = _raising(rorq, monkeypatch, error)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", line)


def test_a_fault_of_the_program_is_a_traceback(rorq: Rorq, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = ZeroDivisionError()
    result = _raising(rorq, monkeypatch, fault)
    assert (result.exception, result.output) == (fault, "")


def _raising(rorq: Rorq, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Result:
    """A command that is refused so."""

    def refuse() -> None:
        raise error

    # the package exports the function main under the module's name
    monkeypatch.setattr(importlib.import_module("rorq_pipeline.cli.main"), "require_files", refuse)
    return rorq("env")
