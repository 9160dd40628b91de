"""Which published ranges a replaced file makes doubtful."""

import hashlib
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from rorq_pipeline.cli import main
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.changed import changed_since_published
from strategy.market_data import write_session
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from tests.rorq_pipeline.published_samples import RANGE, published
from tests.rorq_pipeline.results_made import best_params

LONGER = "2023-01-03_2023-01-05"  # published before its last session came


def put(project: ProjectPaths, day: date, seed: int) -> None:
    settings = SampleSettings(seed=seed)
    tables = sample_tables(day, settings)
    write_session(project.cache, "SPY", day, tables, source="polygon", replace=True)


def told() -> str:
    """What `rorq cache verify` says of results."""
    lines = CliRunner().invoke(main, ["cache", "verify"]).stdout.splitlines()
    return next((line for line in lines if "published" in line), "")


@pytest.fixture
def two_ranges(project: ProjectPaths) -> ProjectPaths:
    best = published(project, "polygon")
    longer = best.model_copy(update={"date_range": LONGER})
    longer.write_file(project.artifacts / "best_params" / f"{LONGER}.json")
    (project.artifacts / "best_params" / "2023-02-01_2023-02-28.json").write_text("{}")
    (project.artifacts / "best_params" / "notes.json").write_text("{}")
    return project


def test_sessions_that_came_later_change_no_result(two_ranges: ProjectPaths) -> None:
    assert told() == ""
    put(two_ranges, date(2023, 1, 5), seed=0)
    put(two_ranges, date(2023, 1, 6), seed=0)
    assert told() == ""


def test_a_replaced_session_names_the_ranges_that_it_is_in(two_ranges: ProjectPaths) -> None:
    put(two_ranges, date(2023, 1, 5), seed=0)
    put(two_ranges, date(2023, 1, 4), seed=9)
    assert told() == (
        f"2 published ranges are of other files than those cached now: {RANGE}, {LONGER}; "
        f"rorq materialize {RANGE} {LONGER} makes them anew"
    )


def test_a_removed_session_is_a_change(two_ranges: ProjectPaths) -> None:
    folder: Path = two_ranges.cache / "SPY" / "2023-01-03"
    shutil.rmtree(folder)
    assert told().startswith("2 published ranges")


def test_results_of_another_ticker_are_not_judged(two_ranges: ProjectPaths) -> None:
    put(two_ranges, date(2023, 1, 4), seed=9)
    folder = two_ranges.artifacts / "best_params"
    for key in (RANGE, LONGER):
        (folder / f"{key}.json").rename(folder / f"QQQ_{key}.json")
    assert told() == ""


def test_each_range_is_held_to_its_own_tickers_sessions(project: ProjectPaths) -> None:
    """Files of which two are no result stand before them."""
    folder = project.artifacts / "best_params"
    folder.mkdir(parents=True)
    for name in ("0", "2022-12-01_2022-12-30"):
        (folder / f"{name}.json").write_text("{}")
    two_sessions = "{0} 2023-01-03 aa\n{0} 2023-01-04 bb\n"
    kept = {
        RANGE: _sha256(two_sessions.format("SPY")),
        LONGER: "0" * 64,
        "2023-01-04_2023-01-05": "f" * 64,
        f"QQQ_{RANGE}": _sha256(two_sessions.format("QQQ")),
        f"QQQ_{LONGER}": "0" * 64,
        f"XSP_{RANGE}": _sha256(two_sessions.format("XSP")),
    }
    for key, fingerprint in kept.items():
        best = best_params(data_fingerprint=fingerprint, n_sessions=2)
        best.write_file(folder / f"{key}.json")
    cached = {date(2023, 1, 3): "aa", date(2023, 1, 4): "bb", date(2023, 1, 5): "cc"}
    assert changed_since_published("SPY", cached) == [LONGER, "2023-01-04_2023-01-05"]
    assert changed_since_published("QQQ", cached) == [f"QQQ_{LONGER}"]
    assert changed_since_published("XSP", cached) == []
    assert changed_since_published("XSP", cached | {date(2023, 1, 4): "b"}) == [f"XSP_{RANGE}"]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
