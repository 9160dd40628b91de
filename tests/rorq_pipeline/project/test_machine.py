import errno
import resource
import subprocess
import sys

import pytest

from optimize.database.connect import DatabaseSettings
from rorq_pipeline.project import machine
from rorq_pipeline.project.machine import (
    chain_address_bytes,
    chain_bytes,
    require_memory,
    shortage,
)
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import ResourceError
from tests.rorq_pipeline.conftest import small_config

MIB = 2**20


def rorq_under(limit: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f'{limit}; exec "$@"'
    command = [sys.executable, "-m", "rorq_pipeline.cli", *arguments]
    return subprocess.run(
        ["bash", "-c", script, "bash", *command], capture_output=True, text=True, check=False
    )


def test_too_few_open_files_are_one_line() -> None:
    result = rorq_under("ulimit -n 20", "db", "start")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "error: this shell admits 20 open files; expected at least 256; raise it with: "
        "ulimit -n 1024\n"
    )


def test_a_soft_limit_is_raised() -> None:
    assert rorq_under("ulimit -S -n 40", "env", "--help").returncode == 0


def test_too_few_addresses_are_one_line_before_anything_runs() -> None:
    result = rorq_under("ulimit -v 3000000", "materialize", "2023-01-03_2023-01-04")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: this shell admits 2.9 GiB of addresses (ulimit -v);")
    assert " for 2 sessions; " in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("n_sessions", "peak_mib"), [(20, 1424), (62, 1687), (250, 2004), (502, 1962)]
)
def test_the_estimate_is_that_of_the_measured_curve(n_sessions: int, peak_mib: int) -> None:
    assert 1.0 <= chain_bytes(n_sessions) / (peak_mib * MIB) < 1.15  # design/memory.md


def test_a_range_too_long_for_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 2000 * MIB)
    require_memory(62)
    told = r"2\.0 GiB of memory are free; expected at least 2\.1 for 502 sessions; .*shorter range"
    with pytest.raises(ResourceError, match=told):
        require_memory(502)


def test_a_range_too_long_for_the_addresses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "address_limit_bytes", lambda: chain_address_bytes(250))
    require_memory(250)
    with pytest.raises(ResourceError, match=r"of addresses \(ulimit -v\); .* for 251 sessions"):
        require_memory(251)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_chain_runs_under_the_limit_that_its_length_asks_for(
    sampled_project: ProjectPaths, database: DatabaseSettings
) -> None:
    config = small_config("validated_cache", "optimization", "parameter_surface")
    (sampled_project.root / "run_config.yaml").write_text(config)
    limit = f"ulimit -v {chain_address_bytes(2) // 1024}"
    made = rorq_under(limit, "materialize", "2023-01-03_2023-01-04")
    assert made.returncode == 0, made.stderr[-3000:]
    report = sampled_project.artifacts / "report" / "2023-01-03_2023-01-04.html"
    assert report.is_file()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "left on the disk of /a/b"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no space is left on the disk"),
        (MemoryError(), "the memory does not suffice"),
        (
            OSError(errno.EMFILE, "Too many open files"),
            f"admits {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} open files",
        ),
    ],
)
def test_what_the_machine_lacks_is_one_line_with_a_remedy(error: Exception, said: str) -> None:
    told = shortage(error)
    assert told is not None
    assert said in str(told)
    assert told.remedy


def test_memory_that_the_shell_withholds_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries may fail to load before a command could look."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3 << 29, resource.RLIM_INFINITY))
    told = shortage(MemoryError())
    assert str(told).startswith("this shell admits 1.5 GiB of addresses (ulimit -v); expected")


def test_other_errors_are_not_the_machines() -> None:
    assert shortage(PermissionError(errno.EACCES, "no")) is None
    assert shortage(ValueError()) is None
