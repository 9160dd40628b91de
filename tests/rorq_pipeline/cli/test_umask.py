"""What rorq writes is not writable for others, whatever the umask of the shell."""

import os
import subprocess
import sys
from pathlib import Path

from optimize.database.connect import DatabaseSettings
from rorq_pipeline.project.paths import ProjectPaths


def test_nothing_is_writable_for_others(
    sampled_project: ProjectPaths, database_environment: DatabaseSettings
) -> None:
    command = [sys.executable, "-m", "rorq_pipeline.cli", "env"]
    subprocess.run(
        ["/bin/sh", "-c", 'umask 000; exec "$@"', "sh", *command],
        check=True,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    state = sampled_project.state
    written = [state, *state.rglob("*")]
    assert len(written) > 2
    assert [path for path in written if is_open(path)] == []


def is_open(path: Path) -> bool:
    return not path.is_symlink() and bool(path.stat().st_mode & 0o022)
