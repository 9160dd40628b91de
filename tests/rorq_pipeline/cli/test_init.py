"""`rorq init`: a project folder that every command then works in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import rorq_pipeline
from optimize.database.connect import resolve_settings
from rorq_pipeline.cli.main import main
from rorq_pipeline.project.run_config import project_run_config


def test_a_new_folder_is_a_project_and_what_is_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "my" / "project"
    before = os.umask(0)
    try:
        result = CliRunner().invoke(main, ["init", str(folder)])
    finally:
        os.umask(before)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        f"{folder} is a project; every rorq command works in it after:",
        f"export RORQ_HOME={folder}",
        "then, to see it at work: rorq demo",
    ]
    assert project_run_config(folder, {"optimization"}) == {}
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {
        ".gitignore": 0o644,
        "config.py": 0o600,
        "dg.toml": 0o644,
        "polygon_cache": 0o755,
        "run_config.yaml": 0o644,
    }
    assert resolve_settings(folder).source == "embedded"  # the example sets nothing

    (folder / "run_config.yaml").write_text("ops: {}")
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    assert (folder / "run_config.yaml").read_text() == "ops: {}"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert CliRunner().invoke(main, ["init", str(tmp_path / "file")]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("list project", str(Path(rorq_pipeline.__file__).parents[1])),
        pytest.param("check defs", "All definitions loaded successfully", marks=pytest.mark.slow),
    ],
)
def test_dg_works_in_the_folder(tmp_path: Path, words: str, said: str) -> None:
    folder = tmp_path / "my project"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    found = subprocess.run(
        [str(Path(sys.executable).with_name("dg")), *words.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"DAGSTER_HOME": str(tmp_path), "DG_CLI_CONFIG": str(tmp_path / "none")},
    )
    assert found.returncode == 0, found.stderr
    assert said in found.stdout


def test_its_line_is_for_a_shell(tmp_path: Path) -> None:
    folder = tmp_path / "o'clock $HOME"
    (line,) = (
        line
        for line in CliRunner().invoke(main, ["init", str(folder)]).output.splitlines()
        if line.startswith("export ")
    )
    script = f'{line}; "{sys.executable}" -c "import os; print(os.environ[\'RORQ_HOME\'])"'
    answer = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == f"{folder}\n"
