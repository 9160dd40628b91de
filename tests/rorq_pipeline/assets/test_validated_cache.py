from hashlib import sha256
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.assets.validated_cache import validated_cache
from rorq_pipeline.project.config import ValidationConfig
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from strategy.market_data import load_days
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import SESSIONS, SMALL_SPACE, plain

RANGE = "2023-01-03_2023-01-06"


def validated() -> Any:
    config = ValidationConfig(search_space=SMALL_SPACE)
    with dg.build_asset_context(partition_key=RANGE) as context:
        return validated_cache(context, config, market_data=MarketData())


def test_sessions_that_have_not_changed_are_taken_over(
    project: ProjectPaths, capfd: pytest.CaptureFixture[str]
) -> None:
    write_samples(project.cache, SESSIONS[:1], SampleSettings())
    (session,) = load_days(project.cache, "SPY", SESSIONS[:1], None)
    manifest = project.artifacts / "validated_cache" / f"{RANGE}.parquet"
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(b"damaged")
    first = validated()
    told = plain(first.metadata)
    fingerprint = told["data_fingerprint"]
    assert first.data_version.value == fingerprint[:32]
    assert told == {
        "sessions": 1,
        "not_yet_cached": 3,
        "taken_over": 0,
        "errors": 0,
        "warnings": 1,
        "option_bars": len(session.bar_seconds),
        "source": "synthetic",
        "synthetic": True,
        "data_fingerprint": fingerprint,
    }
    first.value.to_parquet(manifest)
    assert plain(validated().metadata) == told | {"taken_over": 1}
    *_, line = capfd.readouterr().err.splitlines()
    assert line.endswith(
        "1 of 4 sessions cached and validated, 1 of them unchanged: 0 errors, 1 warnings"
    )


def test_where_nothing_is_cached_it_is_told_of_all_sessions(
    project: ProjectPaths, capfd: pytest.CaptureFixture[str]
) -> None:
    assert plain(validated().metadata) == {
        "sessions": 0,
        "not_yet_cached": 4,
        "taken_over": 0,
        "errors": 1,
        "warnings": 0,
        "option_bars": 0,
        "source": "none",
        "synthetic": False,
        "data_fingerprint": sha256().hexdigest(),
    }
    *_, line = capfd.readouterr().err.splitlines()
    assert line.endswith(
        "0 of 4 sessions cached and validated, 0 of them unchanged: 1 errors, 0 warnings"
    )
