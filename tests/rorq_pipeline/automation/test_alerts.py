"""Alerts against a server of this machine: one message an event, none without configuration."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from optimize.statistics import Verdict
from rorq_pipeline.automation.alerts import (
    AlertError,
    Event,
    alert_sensors,
    disk_events,
    send,
    stale_events,
    tell_new,
    verdict_events,
)
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.results.models import VerdictRecord
from strategy.market_data.sample.generate import SampleSettings, sample_tables, write_samples
from strategy.market_data.writing import write_session
from tests.rorq_pipeline.report.fixtures import complete_data

Told = list[tuple[str, dict[str, Any]]]  # path and JSON of each message


class Receiver:
    """Takes messages, as long as it is up."""

    def __init__(self) -> None:
        self.told: Told = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                outer.told.append((self.path, json.loads(content)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_address[1]}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_message_arrives_without_secrets(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_PASSWORD", "hunter2")
    send([receiver.address], "title", f"password hunter2 at {receiver.address}")
    ((path, message),) = receiver.told
    assert path == "/hook"
    assert (message["title"], message["message"]) == ("title", "password … at …")


def test_each_state_is_told_once_and_again_after_it_was_otherwise(receiver: Receiver) -> None:
    def tick(told: dict[str, str], *events: Event) -> dict[str, str]:
        known, problem = tell_new(events, told, [receiver.address])
        assert problem == ""
        return known

    def verdict(state: str) -> Event:
        return Event(name="verdict:SPY", state=state, title=f"SPY {state}", text="x")

    stale = Event(name="stale:SPY", state="stale", title="stale", text="x")
    known = tick({}, verdict("trade"), stale)  # the first verdict is no change
    known = tick(known, verdict("trade"), stale)
    known = tick(known, verdict("reject"), Event(name="stale:SPY", state=""))
    known = tick(known, verdict("reject"), stale)
    assert [message["title"] for _, message in receiver.told] == ["stale", "SPY reject", "stale"]
    assert known == {"verdict:SPY": "reject", "stale:SPY": "stale"}


def test_what_was_not_sent_is_tried_again(receiver: Receiver) -> None:
    receiver.status = 500
    full = Event(name="disk", state="full", title="full", text="x")
    known, problem = tell_new([full], {}, [receiver.address])
    assert known == {}
    assert "an alert was not sent" in problem
    assert receiver.address not in problem
    receiver.status = 200
    assert tell_new([full], known, [receiver.address]) == ({"disk": "full"}, "")
    with pytest.raises(AlertError, match="RORQ_ALERTS"):
        send(["nothing of apprise's"], "a", "b")


def test_nothing_is_sent_without_configuration(tmp_path: Path) -> None:
    failed, changed = alert_sensors(AutomationSettings(), lambda: tmp_path)
    assert {failed.default_status, changed.default_status} == {dg.DefaultSensorStatus.STOPPED}
    with dg.DagsterInstance.ephemeral() as instance:
        result = changed(dg.build_sensor_context(instance=instance))
    assert isinstance(result, dg.SensorResult)
    assert "RORQ_ALERTS is not set" in str(result.skip_reason)


def test_a_failed_run_is_told_unless_it_is_tried_again(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_ALERTS", receiver.address)
    settings = AutomationSettings.from_environment()
    assert receiver.address not in repr(settings)
    failed, _ = alert_sensors(settings, lambda: tmp_path)
    assert failed.default_status is dg.DefaultSensorStatus.RUNNING

    @dg.op
    def breaks() -> None:
        raise dg.Failure("the disk is on fire")

    @dg.job(tags={"dagster/partition": "2023-01-03_2023-01-31"})
    def chain() -> None:
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        for tags in ({}, {"dagster/will_retry": "true"}):
            result = chain.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
            failed(
                dg.build_run_status_sensor_context(
                    sensor_name="alert_run_failed",
                    dagster_event=result.get_run_failure_event(),
                    dagster_instance=instance,
                    dagster_run=result.dagster_run,
                ).for_run_failure()
            )
    ((_, message),) = receiver.told
    assert message["title"] == "RORQ: a run of 2023-01-03_2023-01-31 failed"
    assert message["message"].startswith("chain: ")


def test_the_latest_range_of_a_ticker_gives_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path))
    folder = tmp_path / "verdict"
    folder.mkdir()
    for key, decision in (
        ("2023-01-03_2023-01-31", "trade"),
        ("2023-02-01_2023-02-28", "watch"),
        ("QQQ_2023-03-01_2023-03-31", "reject"),
    ):
        judged(decision).write_file(folder / f"{key}.json")
    (folder / "2023-03-01_2023-03-31.json").write_text("{")
    (event,) = verdict_events(["SPY"])
    assert (event.state, event.title) == ("watch", "RORQ: SPY is now watch")
    assert event.text == "2023-02-01_2023-02-28: watch: why"


def bought(cache_dir: Path, day: date) -> None:
    """Put a session into the cache that says that a provider delivered it."""
    write_session(cache_dir, "SPY", day, sample_tables(day, SampleSettings()), source="polygon")


def judged(decision: str) -> VerdictRecord:
    made = complete_data().verdict
    assert made is not None
    told = Verdict(decision=decision, line=f"{decision}: why", findings=())  # type: ignore[arg-type]
    return made.model_copy(update={"verdict": told})


def test_the_sensor_tells_what_changed_since_its_last_tick(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_ALERTS", receiver.address)
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path / "artifacts"))
    path = tmp_path / "artifacts" / "verdict" / "2023-01-03_2023-01-31.json"
    path.parent.mkdir(parents=True)
    bought(tmp_path / "cache", date(2023, 1, 17))  # stale since long
    sensor = alert_sensors(AutomationSettings.from_environment(), lambda: tmp_path / "cache")[1]
    cursor = None
    with dg.DagsterInstance.ephemeral() as instance:
        for decision in ("trade", "trade", "reject"):
            judged(decision).write_file(path)
            result = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
    titles = [message["title"] for _, message in receiver.told]
    assert titles == ["RORQ: SPY data is stale", "RORQ: SPY is now reject"]


def test_stale_data_and_a_full_disk_are_states(tmp_path: Path) -> None:
    write_samples(tmp_path, [date(2023, 1, 13)], SampleSettings())
    assert list(stale_events(["SPY", "QQQ"], tmp_path, date(2023, 3, 1))) == []  # synthetic
    bought(tmp_path, date(2023, 1, 17))
    # Three sessions, of Wednesday to Friday, are over on Monday, and four on Tuesday.
    for day, state in ((date(2023, 1, 23), ""), (date(2023, 1, 24), "stale")):
        (event,) = stale_events(["SPY", "QQQ"], tmp_path, day)
        assert (event.name, event.state) == ("stale:SPY", state)
    assert event.text == "the latest cached session is 2023-01-17; 4 sessions are over since"
    (low,) = disk_events(2**30)
    (enough,) = disk_events(2**33)
    assert (low.state, enough.state) == ("full", "")
    assert "1.0 GiB are free" in low.text
