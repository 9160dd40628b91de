"""How old the data is, in exchange sessions."""

from datetime import date

import pytest

from rorq_pipeline.project.recency import sessions_behind


@pytest.mark.parametrize(
    ("latest", "day", "behind"),
    [
        (date(2023, 1, 13), date(2023, 1, 13), 0),
        (date(2023, 1, 13), date(2023, 1, 17), 0),  # a weekend and Martin Luther King's day
        (date(2023, 1, 13), date(2023, 1, 18), 1),
        (date(2023, 1, 13), date(2023, 1, 20), 3),
        (date(2023, 1, 13), date(2023, 1, 9), 0),
    ],
)
def test_only_sessions_that_are_over_count(latest: date, day: date, behind: int) -> None:
    assert sessions_behind(latest, day) == behind
