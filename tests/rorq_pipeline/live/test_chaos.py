"""A short version of the chaos script; its long one is run by hand."""

import pytest

from tests.rorq_pipeline.live import chaos


@pytest.mark.stress
@pytest.mark.timeout(600)
def test_runs_that_are_killed_and_started_again_end_as_if_nothing_had_happened() -> None:
    assert chaos.main(n_rounds=4, seed=4, victims=("command", "postgres")) == 0
