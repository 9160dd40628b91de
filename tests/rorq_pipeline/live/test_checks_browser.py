"""Checks in the Dagster UI: each range has its own outcome, and is checked again from the page."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from optimize.database.connect import DatabaseSettings
from rorq_pipeline.cli.main import main
from rorq_pipeline.results.models import OutOfSampleEvidence
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import small_config
from tests.rorq_pipeline.live.deployment import Deployment, deployed, wait_for
from tests.rorq_pipeline.report.browser import CHROMIUM, WHY_SKIPPED, Watched, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_SKIPPED),
    pytest.mark.timeout(900),
]

FEBRUARY, MARCH = "2023-02-01_2023-02-02", "2023-03-01_2023-03-02"
# Two sessions to choose on, two that follow: noise, on which a choice loses its costs, and an edge.
SAMPLES = {
    (4, 0.0): [date(2023, 2, day) for day in (1, 2, 3, 6)],
    (1, 2.0): [date(2023, 3, day) for day in (1, 2, 3, 6)],
}
WHOLE_SPACE = 64  # trials
CHECK = "/assets/out_of_sample?view=checks&checkDetail=earns_out_of_sample"
PAGE_MS = 60_000


def test_each_range_has_its_outcome_and_one_is_checked_again_from_the_page(
    tmp_path: Path,
    database: DatabaseSettings,
    database_environment: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", "")
    with deployed(tmp_path, database, RORQ_QUIET_SECONDS="100000") as dagster:
        for (seed, edge), days in SAMPLES.items():
            write_samples(dagster.cache, days, SampleSettings(seed=seed, edge=edge))
        (tmp_path / "run_config.yaml").write_text(
            small_config(
                "validated_cache", "optimization", "parameter_surface", n_trials=WHOLE_SPACE
            )
        )
        for key in (FEBRUARY, MARCH):
            made = CliRunner().invoke(main, ["materialize", key])
            assert made.exit_code == 0, made.output
        assert earned(FEBRUARY) < 0 < earned(MARCH)
        dagster.start()

        with chromium() as browser:
            watched = Watched(browser.new_page(base_url=f"http://127.0.0.1:{dagster.port}"))
            page = watched.page
            page.set_default_timeout(PAGE_MS)
            page.set_viewport_size({"width": 1500, "height": 1000})
            both_outcomes_are_on_the_page(page)
            one_range_is_checked_again(page)
            wait_for(lambda: ended(dagster, 3), 300, "the checks of March", dagster.log)
            youngest = dagster.runs()[0]
            assert (youngest["jobName"], youngest["status"]) == ("check_range", "SUCCESS")
            assert youngest["tags"]["dagster/partition"] == MARCH
            both_outcomes_are_on_the_page(page)


def ended(dagster: Deployment, n_runs: int) -> bool:
    """Whether so many runs have ended, all well."""
    runs = dagster.runs()
    assert not any(run["status"] == "FAILURE" for run in runs), dagster.log()
    return sum(run["status"] == "SUCCESS" for run in runs) == n_runs


def earned(key: str) -> float:
    """Return on risk of what followed a range, percent."""
    metrics = OutOfSampleEvidence.read(key).traded.metrics
    assert metrics is not None
    assert metrics.return_on_risk_percent is not None
    return metrics.return_on_risk_percent


def both_outcomes_are_on_the_page(page: Any) -> None:
    """The check's own page lists the ranges; a click on one tells its outcome."""
    page.goto(CHECK)
    page.get_by_text("Execution history").wait_for()
    page.get_by_text("Partitions", exact=True).last.click()
    page.get_by_text("Failed (1)").wait_for()
    page.get_by_text("Passed (1)").wait_for()
    for key, outcome in (
        (FEBRUARY, r"Failed\n.*return on risk -"),
        (MARCH, r"Passed\n.*return on risk \d"),
    ):
        shown(page, key).click()
        page.wait_for_function(
            "pattern => new RegExp(pattern, 's').test(document.body.innerText)", arg=outcome
        )


def one_range_is_checked_again(page: Any) -> None:
    """The job of checks, one range chosen in its launchpad, and the button."""
    page.goto("/locations/rorq_pipeline/jobs/check_range/playground")
    page.get_by_placeholder("Partition").click()
    shown(page, MARCH).click()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile("/runs/"))


def shown(page: Any, text: str) -> Any:
    """What is in view; the page measures long names in copies that are not."""
    return page.get_by_text(text, exact=True).filter(visible=True).last
