"""Whether a range is published as a run config asks, from artifacts that hold just that."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.automation.published import is_published
from rorq_pipeline.project.config import OptimizationConfig
from rorq_pipeline.results import models
from rorq_pipeline.results.artifacts import artifact_path
from strategy.backtest import ENGINE_VERSION
from strategy.backtest_range import BacktestRange
from tests.rorq_pipeline.results_made import best_params

RANGE = BacktestRange.parse("2023-01-03_2023-01-06")


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has a range published with some fields of `best_params`."""
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path))

    def publish(**fields: Any) -> None:
        best = best_params(engine_version=ENGINE_VERSION, **fields)
        search = OptimizationConfig()
        optimization = SimpleNamespace(
            data_fingerprint="cd" * 32,
            settings=search.study_settings(),
            search_space=search.space(),
            fixed_params=RANGE.fixed_params({}),
            study=SimpleNamespace(study_name=best.study_name),
        )
        verdict = SimpleNamespace(of=best.identity, limits=VerdictSettings())
        best.write_file(best.path(RANGE.key))
        monkeypatch.setattr(models.Optimization, "read", lambda _: optimization)
        monkeypatch.setattr(models.VerdictRecord, "read", lambda _: verdict)
        page = artifact_path("report", RANGE.key, ".html")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.touch()

    return publish


def asked(**config: Any) -> bool:
    return is_published(RANGE, "cd" * 32, {"ops": {"best_params": {"config": config}}})


def test_another_rate_of_trades_or_way_of_choosing_is_another_publication(keep: Any) -> None:
    keep(selection="smooth", min_trades_per_session=1.0)
    assert asked(min_trades_per_session=1.0)
    assert not asked(min_trades_per_session=2.0)
    assert not asked()  # the default, 30 in 21
    assert not asked(min_trades_per_session=1.0, selection="plateau")


def test_a_range_that_fell_back_is_published_as_was_asked(keep: Any) -> None:
    keep(selection="study_best", instead_of="smooth")
    assert asked()
    assert not asked(selection="study_best")
