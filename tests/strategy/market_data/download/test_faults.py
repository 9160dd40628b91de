"""A provider that errs, a network that breaks, a process that dies: nothing half, nothing twice."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from strategy.date_range import DateRange
from strategy.errors import DownloadError
from strategy.market_data import list_sessions, load_sessions, read_session_frames
from strategy.market_data.download import DownloadSettings, Pace, download_sessions
from tests.strategy.market_data.download.conftest import DAY, PRICES, Download, settings_for
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, occ

PASSING = ["429", "429 0", "429 1", "500", "502", "503", "504", "garbage", "truncated"]
NEXT_DAY = date(2023, 1, 4)
SOME_CONTRACT = occ("SPY", DAY, "call", 385)
SPAWN = multiprocessing.get_context("spawn")


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("where", ["/SPY/", "contracts", SOME_CONTRACT])
def test_a_passing_fault_is_overcome(
    download: Download, provider: FakeProvider, tmp_path: Path, fault: str, where: str
) -> None:
    provider.faults[where] = [fault, fault] if fault != "429 1" else [fault]
    report = download()
    assert report.written == (DAY,)
    assert report.requests == len(provider.requests) == 10 + (1 if fault == "429 1" else 2)
    assert len(read_session_frames(tmp_path, "SPY", DAY).options) == 24


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("429", "too many 429"),
        ("503", "too many 503"),
        ("garbage", "no JSON object"),
        ("truncated", "no answer in 4 attempts"),
        ("status ERROR", "status ERROR: as the test wants"),
        ('json {"status": "OK", "results": {"a": 1}}', "status OK"),
        ('json ["OK"]', "no JSON object"),
    ],
)
@pytest.mark.parametrize("where", ["/SPY/", "contracts", SOME_CONTRACT])
def test_a_lasting_fault_ends_it_and_what_was_fetched_is_kept(
    download: Download, provider: FakeProvider, tmp_path: Path, fault: str, said: str, where: str
) -> None:
    provider.faults[where] = [f"always {fault}"]
    with pytest.raises(DownloadError, match=said) as got:
        download(concurrency=1)
    assert "\n" not in str(got.value)
    assert DAY.isoformat() in str(got.value)
    assert list_sessions(tmp_path, "SPY") == []
    first_try = len({path for path, _, _ in provider.requests}) - 1
    provider.faults.clear()
    provider.requests.clear()
    assert download().written == (DAY,)
    assert len(provider.requests) == 10 - first_try  # nothing is fetched twice
    assert len(read_session_frames(tmp_path, "SPY", DAY).options) == 24


def test_known_empty_contracts_are_not_asked_again(
    download: Download, provider: FakeProvider
) -> None:
    empty = occ("SPY", DAY, "call", 384)  # comes first
    del provider.bars[empty, DAY]
    provider.faults[occ("SPY", DAY, "put", 387)] = ["always 500"]
    with pytest.raises(DownloadError):
        download(concurrency=1)
    assert provider.asked(empty) == 1
    provider.faults.clear()
    assert download().contracts_without_bars == 1
    assert provider.asked(empty) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("403 Your plan doesn't include this data timeframe", "plan doesn't include"),
        ("404 no such thing", "no such thing"),
        ("400 bad request", "bad request"),
    ],
)
def test_a_refusal_is_final_and_said(
    download: Download, provider: FakeProvider, fault: str, said: str
) -> None:
    provider.faults["/SPY/"] = [f"always {fault}"]
    with pytest.raises(DownloadError, match=said) as got:
        download()
    assert len(provider.requests) == 1
    assert "POLYGON_API_KEY" in str(got.value)


def test_the_key_shows_in_no_error_and_no_log(
    download: Download, provider: FakeProvider, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "an0ther-key"
    with pytest.raises(DownloadError, match="Unknown API Key") as got:  # the server echoes it
        download(api_key=wrong)
    settings = settings_for(provider)
    shown = [str(got.value), repr(got.value), caplog.text, repr(settings), str(settings)]
    shown.append(settings.model_dump_json())
    provider.faults["contracts"] = ["500", f"status {KEY}", f"status {KEY}", f"status {KEY}"]
    with pytest.raises(DownloadError) as got:
        download()
    shown += [str(got.value), caplog.text]
    assert not [text for text in shown if wrong in text or KEY in text]
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stored
    assert not [path for path in stored if KEY.encode() in path.read_bytes()]


def test_nobody_there_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        settings = DownloadSettings.model_validate(
            {
                "api_key": KEY,
                "base_url": f"http://127.0.0.1:{reserved.getsockname()[1]}",
                "backoff_seconds": 0,
                "max_attempts": 2,
            }
        )
        with pytest.raises(DownloadError, match=r"in 2 attempts.*refused.*check the network"):
            download_sessions(tmp_path, "SPY", [DAY], settings).raise_for_failures()
    said = [record.getMessage() for record in caplog.records if "no answer yet" in record.message]
    assert len(said) == 1  # before the second attempt
    assert "asking again in 0 s" in said[0]


def test_pages_in_a_circle_end(download: Download, provider: FakeProvider) -> None:
    circle = (
        'json {"status": "OK", "results": [], '
        '"next_url": "https://api.massive.com/v3/reference/options/contracts?cursor=x"}'
    )
    provider.faults["contracts"] = [f"always {circle}"]
    with pytest.raises(DownloadError, match="circles"):
        download()


def test_an_unreadable_stored_answer_is_asked_for_again(
    download: Download, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.faults[occ("SPY", DAY, "put", 387)] = ["always 500"]
    with pytest.raises(DownloadError):
        download(concurrency=1)
    provider.faults.clear()
    for stored in (tmp_path / "SPY" / ".download" / "2023-01-03").iterdir():
        stored.write_bytes(stored.read_bytes()[:100])
    provider.requests.clear()
    assert download().written == (DAY,)
    assert len(provider.requests) == 10


def run_download(cache: Path, settings: DownloadSettings, end: date) -> None:
    download_sessions(cache, "SPY", DateRange(DAY, end).sessions, settings)


def test_two_processes_share_the_work_and_leave_sound_sessions(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.add_session("SPY", NEXT_DAY, PRICES)
    provider.delay_seconds = 0.05
    both = [
        SPAWN.Process(target=run_download, args=(tmp_path, settings_for(provider), NEXT_DAY))
        for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert list_sessions(tmp_path, "SPY") == [DAY, NEXT_DAY]
    assert len(load_sessions(tmp_path, "SPY", DateRange(DAY, NEXT_DAY))) == 2
    assert len(provider.requests) == 20  # each answer was fetched once
    left = {path.name for path in (tmp_path / "SPY").iterdir()} - {"2023-01-03", "2023-01-04"}
    assert left <= {".download", ".lock"}
    assert not list((tmp_path / "SPY" / ".download").iterdir())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_dies_leaves_no_half_session_and_is_continued(
    download: Download, provider: FakeProvider, tmp_path: Path, how: signal.Signals
) -> None:
    provider.delay_seconds = 0.15
    settings = settings_for(provider, concurrency=1)
    process = SPAWN.Process(target=run_download, args=(tmp_path, settings, DAY))
    process.start()
    deadline = time.monotonic() + 60
    while len(provider.requests) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, how)
    process.join()
    assert process.exitcode != 0
    assert list_sessions(tmp_path, "SPY") == []
    provider.delay_seconds = 0
    asked_before = len(provider.requests)
    assert download().written == (DAY,)
    assert len(provider.requests) - asked_before <= 10 - 5 + 1  # one was under way
    assert len(read_session_frames(tmp_path, "SPY", DAY).options) == 24


def sessions_of(provider: FakeProvider, end: date) -> tuple[date, ...]:
    days = DateRange(DAY, end).sessions
    for day in days:
        provider.add_session("SPY", day, PRICES)
    return days


def test_a_session_that_fails_costs_no_other(provider: FakeProvider, tmp_path: Path) -> None:
    days = sessions_of(provider, date(2023, 1, 6))
    for bad in (days[0], days[2]):
        provider.faults[occ("SPY", bad, "call", 385)] = ["always status ERROR"]
    settings = settings_for(provider)
    report = download_sessions(tmp_path, "SPY", days, settings)
    assert report.written == (days[1], days[3])
    assert report.missing == tuple(report.failed) == (days[0], days[2])
    assert all(str(day) in reason for day, reason in report.failed.items())
    with pytest.raises(DownloadError, match=r"^2 sessions are missing, the first since .*01-03"):
        report.raise_for_failures()
    provider.faults.clear()
    provider.requests.clear()
    again = download_sessions(tmp_path, "SPY", days, settings)
    assert again.written == (days[0], days[2])
    assert again.requests == len(provider.requests) < 2 * 10  # the stored answers stay


def test_three_in_a_row_end_it(provider: FakeProvider, tmp_path: Path) -> None:
    days = sessions_of(provider, date(2023, 1, 11))
    for day in (*days[:2], *days[3:]):
        fault = "always 403 Your plan doesn't include this data timeframe"
        provider.faults[f"/SPY/range/1/second/{day}"] = [fault]
    report = download_sessions(tmp_path, "SPY", days, settings_for(provider))
    assert report.written == (days[2],)
    assert tuple(report.failed) == (*days[:2], *days[3:6])
    assert report.not_asked == days[6:] != ()
    assert provider.asked("/SPY/") == 6


def test_calls_of_two_tickers_share_one_limit(provider: FakeProvider, tmp_path: Path) -> None:
    provider.add_session("QQQ", DAY, PRICES)
    pace = Pace(12)
    settings = settings_for(provider, requests_per_minute=12, concurrency=1)
    assert download_sessions(tmp_path, "SPY", [DAY], settings, pace=pace).requests == 10
    stopper = threading.Timer(1.0, pace.stop)
    stopper.start()
    report = download_sessions(tmp_path, "QQQ", [DAY], settings, pace=pace)
    stopper.join()
    assert report.requests == 2
    assert report.missing == (DAY,)
    assert len(provider.requests) == 12
