from typing import Any

from rorq_pipeline.results import annotations


def test_at_run_time_they_are_any_so_that_dagster_imports_no_model() -> None:
    assert {getattr(annotations, name) for name in annotations.__all__} == {Any}
