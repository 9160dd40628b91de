"""Whether the manifest of just these bytes says that their sessions were seen whole."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results import validated
from rorq_pipeline.results.validated import (
    load_validated,
    read_manifest,
    sessions_with_holes,
    validate,
)
from strategy.backtest_range import BacktestRange
from strategy.errors import CacheError
from strategy.market_data import session_folder
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.schema import FILE_SCHEMAS, SYNTHETIC
from strategy.market_data.validation import (
    RULES_BY_NAME,
    RULES_VERSION,
    Finding,
    SessionRecord,
    Severity,
    ValidationReport,
    manifest_of,
)
from strategy.market_data.writing import write_session
from strategy.session import data_fingerprint
from strategy.space import SearchSpace

DAYS = (date(2023, 1, 3), date(2023, 1, 4))
RANGE = BacktestRange(*DAYS)


def test_a_session_that_ends_early_is_counted_where_the_manifest_is_of_this_data(
    tmp_path: Path,
) -> None:
    write_samples(tmp_path, DAYS, SampleSettings())
    market_data = MarketData(folder=str(tmp_path))
    whole = validate(market_data, RANGE, SearchSpace.seed()).manifest
    before = data_fingerprint(market_data.load(RANGE))
    assert sessions_with_holes(whole, before) == 0
    folder = session_folder(tmp_path, "SPY", DAYS[1])
    tables = {name: pq.read_table(folder / name) for name in FILE_SCHEMAS}
    underlying = tables["underlying.parquet"]
    tables["underlying.parquet"] = underlying.slice(0, underlying.num_rows // 2)
    write_session(tmp_path, "SPY", DAYS[1], tables, source=SYNTHETIC, replace=True)
    cut = validate(market_data, RANGE, SearchSpace.seed()).manifest
    after = data_fingerprint(market_data.load(RANGE))
    assert sessions_with_holes(cut, after) == 1
    assert sessions_with_holes(whole, after) is None
    assert sessions_with_holes(cut, before) is None
    more = BacktestRange(DAYS[0], date(2023, 1, 10))
    write_samples(tmp_path, [date(2023, 1, 9)], SampleSettings())  # not the 5th, the 6th, the 10th
    gaps = MarketData(folder=str(tmp_path), allow_missing_sessions=True)
    holed = validate(gaps, more, SearchSpace.seed()).manifest
    assert sessions_with_holes(holed, data_fingerprint(gaps.load(more))) == 3
    assert sessions_with_holes(None, after) is None


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketData]:
    """Two sessions, and a project of their own."""
    folder = tmp_path_factory.mktemp("validated")
    write_samples(folder / "cache", DAYS, SampleSettings())
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RORQ_HOME", str(folder))
        yield MarketData(folder=str(folder / "cache"))


def vouching(market_data: MarketData) -> list[SessionRecord]:
    """What a manifest must say of the sessions to vouch for them."""
    return [
        SessionRecord(
            ticker="SPY", date=one.date, is_cached=True, fingerprint=one.fingerprint,
            rules_version=RULES_VERSION,
        )
        for one in market_data.load(RANGE)
    ]  # fmt: skip


def loaded(market_data: MarketData, manifest: pd.DataFrame | None) -> bool:
    """Whether the manifest vouched for the sessions, which are those of the cache."""
    sessions, vouched = load_validated(market_data, RANGE, SearchSpace.seed(), manifest)
    assert [one.date for one in sessions] == [*DAYS]
    assert data_fingerprint(sessions) == data_fingerprint(market_data.load(RANGE))
    return vouched


def test_a_damaged_manifest_is_none_whatever_was_damaged(
    sampled: MarketData, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.parquet"
    made = validate(sampled, RANGE, SearchSpace.seed()).manifest
    assert read_manifest(path) is None
    made.to_parquet(path)
    whole = path.read_bytes()
    read = read_manifest(path)
    assert read is not None
    pd.testing.assert_frame_equal(read, made)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    n_none = 0
    for at in range(
        footer, len(whole), 19
    ):  # the footer has the types, the names and what pandas adds
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        n_none += read_manifest(path) is None
    assert n_none > 10
    made.drop(columns="date").to_parquet(path)
    assert read_manifest(path) is None


def test_a_manifest_of_just_these_bytes_vouches_for_them(sampled: MarketData) -> None:
    assert loaded(sampled, manifest_of(vouching(sampled))) is True
    assert loaded(sampled, None) is False


@pytest.mark.parametrize(
    "changes",
    [
        {"rules_version": RULES_VERSION - 1},
        {"rules_version": RULES_VERSION + 1},
        {"fingerprint": "1" * 64},
        {"fingerprint": "2" * 64},
        {"fingerprint": "3" * 64},
        {"is_cached": False, "fingerprint": ""},
    ],
)
def test_one_of_other_bytes_or_rules_does_not(sampled: MarketData, changes: dict[str, Any]) -> None:
    first, second = vouching(sampled)
    assert loaded(sampled, manifest_of([first, replace(second, **changes)])) is False


def test_sessions_with_an_error_are_not_loaded(sampled: MarketData) -> None:
    """The manifest's own finding stands: the file has not changed since."""
    first, second = validate(sampled, RANGE, SearchSpace.seed()).records
    rule = RULES_BY_NAME["unknown_source"]
    finding = Finding(
        date=DAYS[0], rule=rule.name, family=rule.family, severity=Severity.ERROR,
        file="chain.parquet", count=1, example="made by hand",
    )  # fmt: skip
    manifest = manifest_of([first.with_findings(finding), second])
    with pytest.raises(CacheError, match="made by hand"):
        loaded(sampled, manifest)


def test_sessions_that_change_between_the_two_readings_are_loaded_again(
    sampled: MarketData, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2, 0):  # there and back: fingerprints that are higher, and lower

        def after_a_change(*asked: Any, _seed: int = seed, **more: Any) -> ValidationReport:
            settings = SampleSettings(seed=_seed)
            write_samples(sampled.cache_of("SPY"), [DAYS[1]], settings, force=True)
            return validate(*asked, **more)

        monkeypatch.setattr(validated, "validate", after_a_change)
        assert loaded(sampled, None) is False
