"""Memory does not grow with a prepared range, and a range that cannot fit is refused beforehand."""

import subprocess
import sys
from pathlib import Path

import pytest

from strategy.date_range import DateRange
from strategy.errors import RangeTooLongError
from strategy.market_data import PreparedSessions, load_sessions, memory
from strategy.market_data.memory import SESSION_BYTES, require_memory
from strategy.market_data.sample.generate import SampleSettings, write_samples

WEEKS = DateRange.parse("2023-01-03_2023-01-20")  # 13 sessions
GIB = 1024**3

LIMITED = """
import resource, sys
from pathlib import Path
import psutil
from strategy.backtest import run_backtest
from strategy.date_range import DateRange
from strategy.errors import RorqError
from strategy.market_data import PreparedSessions, load_sessions
from strategy.params import StrategyParams

cache, folder, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
dates = DateRange.parse("2023-01-03_2023-01-20")
prepared = PreparedSessions(folder=folder)
run_backtest(StrategyParams(), load_sessions(cache, "SPY", DateRange(*dates.sessions[:1] * 2)))
used = psutil.Process().memory_info().vms
resource.setrlimit(resource.RLIMIT_AS, (used + left, used + left))
try:
    sessions = load_sessions(cache, "SPY", dates, prepared=prepared)
except RorqError as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(run_backtest(StrategyParams(), sessions).metrics.net_pnl_usd, len(sessions))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    write_samples(folder, WEEKS.sessions, SampleSettings())
    return folder


def limited(cache: Path, folder: Path, left_bytes: int) -> subprocess.CompletedProcess[str]:
    """Load and trade the range in a process that may take so many more bytes of addresses."""
    command = [sys.executable, "-c", LIMITED, str(cache), str(folder), str(left_bytes)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_under_a_limit_a_range_is_mapped_in_turn_and_without_a_folder_refused(
    cache: Path, tmp_path: Path
) -> None:
    load_sessions(cache, "SPY", WEEKS, prepared=PreparedSessions(folder=tmp_path / "prepared"))
    left = 12 * SESSION_BYTES  # less than the thirteen sessions are counted with
    done = limited(cache, tmp_path / "prepared", left)
    assert done.returncode == 0, done.stderr
    free = limited(cache, tmp_path / "prepared", 8 * GIB)
    assert done.stdout == free.stdout
    assert done.stdout.endswith(" 13\n")
    (tmp_path / "file").write_text("no folder")
    refused = limited(cache, tmp_path / "file", left)
    assert refused.returncode == 1
    assert "RangeTooLongError: " in refused.stderr
    assert "sessions take about 0.1 GiB in memory; expected at most 0." in refused.stderr
    assert refused.stderr.count("cannot keep prepared sessions") == 1


def test_a_range_that_memory_cannot_hold_is_refused_before_a_session_is_read(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 13 * SESSION_BYTES)
    require_memory(13)
    assert len(load_sessions(cache, "SPY", WEEKS)) == 13
    monkeypatch.setattr(memory, "free_bytes", lambda: 13 * SESSION_BYTES - 1)
    with pytest.raises(RangeTooLongError, match=r"13 sessions take about 0.1 GiB in memory"):
        load_sessions(cache, "SPY", WEEKS)
