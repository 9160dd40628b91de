"""The Dagster UI in a real browser: a range is materialised from the page and read there.

With RORQ_SCREENSHOTS naming a folder the documentation's pictures are written there (docs/images).
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from optimize.database.connect import DatabaseSettings
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import SESSIONS, SMALL_STUDY, small_config
from tests.rorq_pipeline.live.deployment import Deployment, deployed, wait_for
from tests.rorq_pipeline.report.browser import (
    CHROMIUM,
    WHY_SKIPPED,
    Watched,
    chromium,
    small_png,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_SKIPPED),
    pytest.mark.timeout(600),
]

RANGE = "2023-01-03_2023-01-04"
QUIET = {"RORQ_QUIET_SECONDS": "100000"}  # the sensor is not what is tested here
GROUPS = {
    "data": ("downloaded_sessions", "validated_cache"),
    "search": ("optimization", "parameter_surface"),
    "results": ("best_params",),
    "pages": ("report",),
    "evidence": (
        "out_of_sample",
        "selection_statistics",
        "walk_forward",
        "walk_forward_matrix",
        "verdict",
    ),
}
PAGE_MS, RUN_MS = 60_000, 240_000  # a busy machine is slow; an idle one needs a tenth
WIDE, NARROW = (1500, 1100), (1280, 900)


def test_a_range_is_materialised_and_read_in_the_page(
    tmp_path: Path, database: DatabaseSettings
) -> None:
    with deployed(tmp_path, database, **QUIET) as dagster:
        write_samples(dagster.cache, SESSIONS, SampleSettings())
        dagster.start()
        with chromium() as browser:
            watched = Watched(browser.new_page(base_url=f"http://127.0.0.1:{dagster.port}"))
            watched.page.set_default_timeout(PAGE_MS)
            materialise_in_the_launch_dialog(watched.page, dagster)
            the_run_succeeds(watched.page, dagster)
            the_graph_shows_every_asset(watched.page)
            the_metadata_is_on_the_page(watched.page, dagster)
            the_checks_are_on_the_page(watched.page)
            outside = [url for url in watched.requests if "//127.0.0.1:" not in url]
            assert outside == []


def materialise_in_the_launch_dialog(page: Any, dagster: Deployment) -> None:
    """A new range, a small search, and the button."""
    page.set_viewport_size(size(NARROW))
    page.goto("/locations/rorq_pipeline/jobs/optimize_range")
    page.get_by_role("button", name="Materialize all").click()
    page.get_by_role("button", name="Confirm").click()  # nothing was downloaded: samples are there
    page.get_by_role("button", name="Add a partition").click()
    page.get_by_placeholder("name").fill(RANGE)
    page.get_by_role("button", name="Save").click()
    choose_every_range(page, dagster)
    page.get_by_text("Config", exact=True).click()
    page.get_by_role("button", name="Add config").click()
    page.locator(".CodeMirror textarea").last.focus()
    page.keyboard.insert_text(small_config("validated_cache", "optimization", "parameter_surface"))
    page.get_by_role("button", name="Save config").click()
    page.get_by_text("Config Editor").wait_for(state="detached")
    page.get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("Launch runs to materialize").wait_for(state="detached")


def choose_every_range(page: Any, dagster: Deployment) -> None:
    """Choose the new range again where the dialog, loading late, has forgotten the choice."""

    def chosen() -> bool:
        if page.get_by_role("button", name="Launch 1 run").is_visible():
            return True
        page.get_by_role("button", name="All", exact=True).click()
        return False

    wait_for(chosen, PAGE_MS / 1000, "the new range in the launch dialog", dagster.log)


def the_run_succeeds(page: Any, dagster: Deployment) -> None:
    """One run, of the whole chain, told by the page of runs."""
    page.goto("/runs")
    status = page.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
    status.wait_for(timeout=RUN_MS)
    assert status.inner_text() == "Success", dagster.log()
    (run,) = dagster.runs()
    assert run["tags"]["dagster/partition"] == RANGE


def the_graph_shows_every_asset(page: Any) -> None:
    """All groups opened, each asset with its name and what became of its range."""
    page.set_viewport_size(size(WIDE))
    opened = ",".join(f"global@global:{group}" for group in GROUPS)
    page.goto(f"/asset-groups?expanded={opened}")
    for asset in (name for names in GROUPS.values() for name in names):
        middle = f"({re.escape(asset)}|{asset[:5]}\\w*…\\w*{asset[-5:]})"
        page.locator("foreignObject").get_by_text(re.compile(f"^{middle}$")).first.wait_for()
    picture(page, "dagster_graph")


def the_metadata_is_on_the_page(page: Any, dagster: Deployment) -> None:
    """The latest materialization's numbers are those of the stored result."""
    page.set_viewport_size(size(NARROW))
    page.goto("/assets/optimization")
    stored = json.loads((dagster.artifacts / "optimization" / f"{RANGE}.json").read_text("utf-8"))
    assert metadata(page, "complete") == str(SMALL_STUDY["n_trials"])
    assert metadata(page, "study") == stored["study"]["study_name"]
    assert metadata(page, "path").endswith(f"optimization/{RANGE}.json")
    picture(page, "dagster_materialization")


def the_checks_are_on_the_page(page: Any) -> None:
    """Every check was evaluated; a search of ten trials is called too small."""
    page.goto("/assets/best_params?view=checks")
    page.get_by_text(re.compile(r"^Checks \(\d+\)$")).wait_for()
    page.get_by_text("enough_complete_trials", exact=True).filter(visible=True).first.click()
    page.get_by_text("Latest execution").wait_for()
    shown = page.inner_text("body")
    assert re.search(r"replay\n+Succeeded", shown)
    assert re.search(r"enough_complete_trials\n+Failed", shown)
    assert "Not evaluated" not in shown
    picture(page, "dagster_checks")


def metadata(page: Any, key: str) -> str:
    """The value in the row of a key."""
    row = page.locator("tr", has=page.get_by_text(key, exact=True)).first
    value: str = row.locator("td").last.inner_text()
    return value.strip()


def size(pixels: tuple[int, int]) -> dict[str, int]:
    return {"width": pixels[0], "height": pixels[1]}


def picture(page: Any, name: str) -> None:
    """Keep what is in view, if pictures are asked for."""
    folder = os.environ.get("RORQ_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(3000)  # the page goes on drawing when its data are there
        (Path(folder) / f"{name}.png").write_bytes(small_png(page.screenshot()))
