"""`rorq import-legacy`: what it tells of what came."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from rich.color import ColorSystem

from rorq_pipeline.cli import legacy
from rorq_pipeline.cli.common import console, error_console
from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data import list_sessions, read_session_frames
from strategy.market_data.legacy.files import Finding
from strategy.market_data.legacy.importing import ImportedSession, ImportSummary
from tests.strategy.market_data.legacy import legacy_folder
from tests.strategy.market_data.legacy.legacy_folder import DAY

Rorq = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return legacy_folder.write_folder(tmp_path / "legacy")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 100)


def test_each_session_is_a_row(project: ProjectPaths, folder: Path, rorq: Rorq) -> None:
    result = rorq("import-legacy", str(folder))
    assert result.exit_code == 0, result.output
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        " session         outcome  underlying bars  repeats dropped  contracts  option bars",
        " SPY 2023-01-04  written                3                2          2            5",
        "1 filled rows of options were dropped",
        f"1 sessions written to {project.cache}",
    ]
    (told,) = result.stderr.splitlines()
    assert "SPY_2023-01-06.pkl.lock: a lock without data" in told
    again = rorq("import-legacy", str(folder))
    assert [line.rstrip() for line in again.stdout.splitlines()[1:]] == [
        " SPY 2023-01-04  there already",
        f"0 sessions written to {project.cache}",
    ]


def test_repeats_are_kept_on_request(project: ProjectPaths, folder: Path, rorq: Rorq) -> None:
    assert rorq("import-legacy", str(folder), "--keep-repeats").exit_code == 0
    assert len(read_session_frames(project.cache, "SPY", DAY).underlying) == 5


def test_a_refused_file_is_one_line_after_the_rest_was_imported(
    project: ProjectPaths, folder: Path, rorq: Rorq
) -> None:
    (folder / "option" / "2023-01-04_OSPY230104P00384000.pkl").write_bytes(b"cos\nsystem\n.")
    result = rorq("import-legacy", str(folder))
    assert result.exit_code == 1
    assert "asks for os.system" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "error: 1 files or sessions were not imported; expected every file to be sound; "
        "see the lines above; the rest is in the cache"
    )
    assert list_sessions(project.cache, "SPY") == [DAY]


def test_rows_of_what_was_not_written_have_no_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_console, "_color_system", ColorSystem.STANDARD)
    sessions = [
        ImportedSession(
            ticker="SPY", date=date(2023, 1, 3), outcome="written", underlying_bars=23_401,
            repeats_dropped=1_200, contracts=2, option_bars=1_050, fills_dropped=4,
        ),
        ImportedSession(ticker="SPY", date=date(2023, 1, 4), outcome="refused", contracts=7),
        ImportedSession(ticker="SPY", date=date(2023, 1, 5), outcome="kept"),
        ImportedSession(
            ticker="QQQ", date=date(2023, 1, 5), outcome="written", fills_dropped=2_000
        ),
    ]  # fmt: skip
    findings = [
        Finding(subject="SPY 2023-01-04", message="no chain", is_error=True),
        Finding(subject="a.lock", message="alone", is_error=False),
    ]
    legacy._tell(ImportSummary(sessions=sessions, findings=findings), "the cache")
    told = capsys.readouterr()
    assert [line.rstrip() for line in told.out.splitlines()] == [
        " session         outcome        underlying bars  repeats dropped  contracts  option bars",
        " SPY 2023-01-03  written                 23,401            1,200          2        1,050",
        " SPY 2023-01-04  refused",
        " SPY 2023-01-05  there already",
        " QQQ 2023-01-05  written                      0                0          0            0",
        "2,004 filled rows of options were dropped",
        "2 sessions written to the cache",
    ]
    assert told.err.splitlines() == [
        "\x1b[31mSPY 2023-01-04: no chain\x1b[0m",  # red
        "\x1b[33ma.lock: alone\x1b[0m",  # yellow
    ]


def test_on_a_narrow_terminal_no_session_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_width", 60)
    kept = ImportedSession(ticker="SPY", date=date(2023, 1, 4), outcome="kept")
    legacy._tell(ImportSummary(sessions=[kept]), "the cache")
    row, closing = capsys.readouterr().out.splitlines()[-2:]
    assert row.rstrip() == " SPY 2023-01-04  there already"
    assert closing == "0 sessions written to the cache"
