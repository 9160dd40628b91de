"""A space of which the sums do not fit in memory is refused before a session is looked at."""

from pathlib import Path

import pytest

from rorq_pipeline.results.surfaces import exact_surface, range_cells
from strategy.errors import SurfaceTooLargeError
from tests.rorq_pipeline.report.fixtures import fabricated_sessions
from tests.spaces import TOO_LARGE, space_of


def test_it_says_what_would_be_taken(tmp_path: Path) -> None:
    """100 thresholds, and 100 each of profits, stops and durations, over three blocks and all.

    Four times 100 * (8 + 100 * 8 + 10**6 * 12) bytes of sums, and 8 * 500 * 10**6 of work.
    """
    sessions = fabricated_sessions()[:3]
    with pytest.raises(SurfaceTooLargeError) as refused:
        range_cells(
            space=space_of(**TOO_LARGE), fixed_params={}, sessions=sessions, cache_dir=tmp_path
        )
    assert str(refused.value) == (
        "a search space of 100,000,000 combinations needs 8.2 GiB and about 12 core-seconds for 3 "
        "sessions; expected at most 2.0 GiB; search it with the study alone, or name fewer values "
        "a dimension"
    )
    with pytest.raises(SurfaceTooLargeError, match=r"expected at most 8\.0 GiB"):
        exact_surface(
            space=space_of(**TOO_LARGE), fixed_params={}, sessions=sessions, cache_dir=tmp_path,
            max_bytes=8 * 1024**3,
        )  # fmt: skip
