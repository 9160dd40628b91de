"""Whether the manifest of just these bytes says that their sessions were seen whole."""

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.validated import sessions_with_holes, validate
from strategy.backtest_range import BacktestRange
from strategy.market_data import session_folder
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.schema import FILE_SCHEMAS, SYNTHETIC
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
    folder = session_folder(tmp_path, "SPY", DAYS[0])
    tables = {name: pq.read_table(folder / name) for name in FILE_SCHEMAS}
    underlying = tables["underlying.parquet"]
    tables["underlying.parquet"] = underlying.slice(0, underlying.num_rows // 2)
    write_session(tmp_path, "SPY", DAYS[0], tables, source=SYNTHETIC, replace=True)
    cut = validate(market_data, RANGE, SearchSpace.seed()).manifest
    after = data_fingerprint(market_data.load(RANGE))
    assert sessions_with_holes(cut, after) == 1
    assert sessions_with_holes(whole, after) is None
    more = BacktestRange(DAYS[0], date(2023, 1, 10))
    write_samples(tmp_path, [date(2023, 1, 9)], SampleSettings())  # not the 5th, the 6th, the 10th
    gaps = MarketData(folder=str(tmp_path), allow_missing_sessions=True)
    holed = validate(gaps, more, SearchSpace.seed()).manifest
    assert sessions_with_holes(holed, data_fingerprint(gaps.load(more))) == 3
    assert sessions_with_holes(None, after) is None
