"""deploy/Containerfile by its linter, what goes into the image, and what its entry point does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from optimize.database.settings import DatabaseSettings

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
ENTRYPOINT = ROOT / "deploy" / "entrypoint.py"


def test_the_linter_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, CONTAINERFILE], capture_output=True, text=True, check=False)
    assert (found.stdout, found.returncode) == ("", 0)


def test_it_runs_as_another_user_than_root_and_tells_its_health() -> None:
    lines = CONTAINERFILE.read_text().splitlines()
    final = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    assert [line for line in final if line.startswith("USER")] == ["USER 10001:10001"]
    assert any(line.startswith("HEALTHCHECK") for line in final)


def test_all_that_is_copied_is_there_and_not_ignored() -> None:
    admitted = {
        line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINERFILE.read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert len(sources) > 10
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in admitted, source


def test_its_lock_pins_what_the_project_needs_as_the_other_lock_does() -> None:
    image, everything = (pins(ROOT / name / "requirements.lock") for name in ("deploy", "."))
    assert image.items() <= everything.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    needed = {canonicalize_name(Requirement(x).name) for x in project["dependencies"] + extras}
    assert needed <= image.keys()
    assert not image.keys() & {"pytest", "mypy", "ruff", "playwright", "hypothesis"}


def test_its_entry_point_gives_dagsters_commands_project_and_database(
    database_environment: DatabaseSettings,
) -> None:
    show = "import os; print(os.environ['DAGSTER_HOME'], os.environ['PG_DATABASE'])"
    shown = started("python3", "-c", show)
    assert shown.returncode == 0, shown.stderr
    home, name = shown.stdout.split()
    assert (Path(home) / "dagster.yaml").is_file()
    assert name == database_environment.database


def test_its_entry_point_says_in_one_line_where_the_database_is_missed(monkeypatch) -> None:
    for name, value in {
        "PG_HOST": "127.0.0.1", "PG_PORT": "1", "PG_DATABASE": "a", "PG_USER": "b",
        "PG_PASSWORD": "not-to-be-shown",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    shown = started("dagster-daemon", "run")
    assert shown.returncode == 1
    assert shown.stdout == ""
    (line,) = shown.stderr.splitlines()
    assert line.startswith("PostgreSQL at b@127.0.0.1:1/a (environment) is not running")
    assert "not-to-be-shown" not in line


def started(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ENTRYPOINT, *command], capture_output=True, text=True, check=False
    )


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))
