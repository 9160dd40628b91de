"""What docs/python.md shows, run from its first block to its last on sample sessions."""

import re
from pathlib import Path
from typing import Any

import pytest

from optimize.database.connect import DatabaseSettings
from strategy.date_range import DateRange
from strategy.market_data.sample.generate import SampleSettings, write_samples

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_python_page_runs(
    tmp_path: Path,
    database_environment: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    days = DateRange.parse("2023-01-03_2023-01-06").sessions
    write_samples(tmp_path / "polygon_cache", days, SampleSettings())
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert len(blocks) == 4
    assert tuple(session.date for session in names["sessions"]) == days
    assert names["surface"].return_on_risk_percent.shape == names["space"].shape
    assert names["result"].metrics.total_trades == len(names["result"].trades)
    assert f"{names['space'].size} " in capsys.readouterr().out
