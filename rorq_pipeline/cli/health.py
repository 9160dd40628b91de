"""What `rorq doctor` looks at: each check answers with one finding, good or with its remedy."""

import importlib.metadata
import shutil
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from rorq_pipeline.cli.ports import is_free
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import CacheError, RorqError
from strategy.ticker import is_ticker

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

PROJECT = "rorq-pipeline"
_OLDEST_PYTHON = (3, 11)
_NEEDED_GB = 1


class _Page(NamedTuple):
    """A page of our own, and how it is told from another's."""

    command: str
    path: str
    word: bytes  # of the answer at the path


_PAGES = {
    3000: _Page(command="rorq dev", path="/server_info", word=b"dagster"),
    8080: _Page(command="rorq dashboard", path="/api/studies", word=b"study_summaries"),
}  # by port


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, what to do."""

    subject: str
    text: str
    remedy: str = ""
    """Empty where all is well."""

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is to be done."""
        return not self.remedy


def examine(paths: ProjectPaths) -> list[Finding]:
    """Run all checks; none of them raises."""
    checks: tuple[Callable[[ProjectPaths], Finding], ...] = (
        _python,
        _packages,
        _folders,
        _disk,
        _cache,
        _database,
        _cluster,
        _run_config,
    )
    return [*(check(paths) for check in checks), *map(_port, _PAGES)]


def _python(_paths: ProjectPaths) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, _OLDEST_PYTHON))
    is_old = sys.version_info < _OLDEST_PYTHON
    return Finding(
        subject="Python",
        text=f"{version} in {sys.prefix}",
        remedy=f"install Python {oldest} or later" if is_old else "",
    )


def _packages(_paths: ProjectPaths) -> Finding:
    remedy = "run `make install`"
    try:
        lines = importlib.metadata.requires(PROJECT) or []
    except importlib.metadata.PackageNotFoundError:
        return Finding(subject="packages", text=f"{PROJECT} is not installed", remedy=remedy)
    needed = [Requirement(line) for line in lines]
    needed = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [text for requirement in needed if (text := _mismatch(requirement))]
    if wrong:
        return Finding(subject="packages", text="; ".join(wrong), remedy=remedy)
    return Finding(subject="packages", text=f"{len(needed)} of {len(needed)} as required")


def _mismatch(requirement: Requirement) -> str:
    try:
        found = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{requirement.name} is {found}, expected {requirement.specifier}"


def _ill(subject: str, error: RorqError) -> Finding:
    """What an error tells; without a remedy it would read as well."""
    return Finding(subject=subject, text=error.found, remedy=error.remedy or "no remedy is known")


def _folders(paths: ProjectPaths) -> Finding:
    for folder in (paths.state, paths.artifacts, paths.cache):
        probe = folder / ".doctor"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            return Finding(
                subject="folders",
                text=f"{folder}: {error.strerror}",
                remedy="make it writable, or set RORQ_HOME, RORQ_CACHE or RORQ_ARTIFACTS",
            )
    return Finding(subject="folders", text=f"{paths.root} and its folders can be written")


def _disk(paths: ProjectPaths) -> Finding:
    folder = min((paths.root, paths.cache, paths.artifacts), key=_free_bytes)
    least_gb = _free_bytes(folder) / 1e9
    return Finding(
        subject="disk",
        text=f"{least_gb:.1f} GB free at {folder}",
        remedy=f"free {_NEEDED_GB} GB or more" if least_gb < _NEEDED_GB else "",
    )


def _free_bytes(folder: Path) -> int:
    existing = next(part for part in (folder, *folder.parents) if part.exists())
    return shutil.disk_usage(existing).free


def _cache(paths: ProjectPaths) -> Finding:
    try:
        sessions = _sessions_by_ticker(paths)
    except CacheError as error:
        return _ill("cache", error)
    if sessions:
        parts = (
            f"{t} {len(days)} sessions {days[0]} to {days[-1]}" for t, days in sessions.items()
        )
        return Finding(subject="cache", text="; ".join(parts))
    return Finding(
        subject="cache",
        text=f"no session in {paths.cache_name}",
        remedy="`rorq sample`, `rorq download RANGE` or `rorq import-legacy` brings some",
    )


def _sessions_by_ticker(paths: ProjectPaths) -> dict[str, list[date]]:
    """What is cached, on disk or in the bucket; nothing is fetched."""
    from strategy.market_data import list_sessions
    from strategy.market_data.mirror import make_mirror

    if paths.bucket:
        mirror = make_mirror(paths.cache, paths.bucket)
        tickers = mirror.store.folders()
        sessions = {ticker: list(mirror.held(ticker)) for ticker in tickers if is_ticker(ticker)}
    else:
        tickers = sorted(folder.name for folder in paths.cache.glob("*") if folder.is_dir())
        sessions = {t: list_sessions(paths.cache, t) for t in tickers if is_ticker(t)}
    return {ticker: days for ticker, days in sessions.items() if days}


def _database(paths: ProjectPaths) -> Finding:
    from sqlalchemy import text

    from optimize.database.connect import ensure_database, open_engine

    try:
        settings = ensure_database(paths.root)
        engine = open_engine(settings)
    except RorqError as error:
        return _ill("database", error)
    with engine.connect() as connection:
        version = connection.scalar(text("SHOW server_version"))
    engine.dispose()
    return Finding(
        subject="database", text=f"PostgreSQL {version} at {settings.address} ({settings.source})"
    )


def _cluster(_paths: ProjectPaths) -> Finding:
    from rorq_pipeline.project.cluster import NAME, look_at_cluster

    try:
        state = look_at_cluster()
    except RorqError as error:
        return _ill("cluster", error)
    if state is None:
        return Finding(subject="cluster", text=f"no {NAME}: threads of this machine do the work")
    dashboard = f"; {state.dashboard_url}" if state.dashboard_url else ""
    return Finding(
        subject="cluster", text=f"{state.n_workers} workers with the same engine{dashboard}"
    )


def _run_config(paths: ProjectPaths) -> Finding:
    from rorq_pipeline.project.run_config import CONFIGURED_OPS, FILE_NAME, project_run_config

    subject = "run config"
    try:
        config = project_run_config(paths.root, CONFIGURED_OPS)
    except RorqError as error:
        return _ill(subject, error)
    if not config:
        return Finding(subject=subject, text=f"no {FILE_NAME}: the defaults hold")
    return Finding(subject=subject, text=f"{FILE_NAME} sets {', '.join(config['ops'])}")


def _port(port: int) -> Finding:
    page = _PAGES[port]
    subject = f"port {port}"
    if is_free("127.0.0.1", port):
        return Finding(subject=subject, text=f"free for {page.command}")
    if _answers(page, port):
        return Finding(subject=subject, text=f"{page.command} answers there")
    return Finding(
        subject=subject,
        text="taken by another program",
        remedy=f"end it, or `{page.command} --port` another",
    )


def _answers(page: _Page, port: int) -> bool:
    """Tell whether it is the page that answers, and not another program."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page.path}", timeout=3) as answer:
            return page.word in answer.read(100_000)
    except (OSError, HTTPException, ValueError):
        return False
