"""ReportData: its sessions, and when figures in the range and after it say too little."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from optimize.statistics import OutOfSample, SessionSums, VerdictSettings
from rorq_pipeline.report import ReportData, SessionProvenance
from rorq_pipeline.report.data import too_few
from tests.rorq_pipeline.report.fixtures import RANGE, minimal_data, out_of_sample, verdict
from tests.rorq_pipeline.results_made import METRICS


def data_of(n_trades: int, n_sessions: int, **changes: Any) -> ReportData:
    """So many trades in the first sessions of the range."""
    sessions = [
        SessionProvenance(session=day, source="polygon", fingerprint="ab" * 32)
        for day in RANGE.sessions[:n_sessions]
    ]
    best = {"metrics": replace(METRICS, total_trades=n_trades)}
    return minimal_data(best=best, sessions=sessions, **changes)


def sums(*trades: int) -> SessionSums:
    n = len(trades)
    return SessionSums(
        dates=tuple(date(2023, 1, 23 + i) for i in range(n)), trades=np.array(trades),
        winners=np.zeros(n, int), net_pnl_usd=np.zeros(n), risk_usd=np.zeros(n),
    )  # fmt: skip


def test_the_sessions_are_those_of_the_provenance_else_of_the_range() -> None:
    assert data_of(12, 2).session_dates == (date(2023, 1, 3), date(2023, 1, 4))
    assert minimal_data().session_dates == RANGE.sessions


@pytest.mark.parametrize(
    ("n_trades", "n_sessions", "told"),
    [
        # 10 trades in 21 sessions are asked for: 6.2 in 13, 2.4 in 5; and 5 sessions
        (7, 13, ""),
        (6, 13, "6 trades in 13 sessions, too few"),
        (3, 5, ""),
        (2, 5, "2 trades in 5 sessions, too few"),
        (1234, 4, "1,234 trades in 4 sessions, too few"),
        (1, 1, "1 trade in 1 session, too few"),
        (0, 1, "0 trades in 1 session, too few"),
    ],
)
def test_a_range_of_few_trades_or_sessions_promises_nothing(
    n_trades: int, n_sessions: int, told: str
) -> None:
    assert data_of(n_trades, n_sessions).too_few_inside == told


def test_the_limits_are_those_of_the_verdict() -> None:
    data = data_of(5, 4)
    limits = VerdictSettings(out_of_sample_sessions=4, trades_to_reject=26)  # 4.95 in 4 sessions
    judged = verdict(data.best).model_copy(update={"limits": limits})
    assert data.too_few_inside == "5 trades in 4 sessions, too few"
    assert replace(data, verdict=judged).too_few_inside == ""


@pytest.mark.parametrize(
    ("trades", "least", "told"),
    [
        ([0, 1, 1, 0, 2], 3, ""),
        ([0, 1, 1, 0, 2], 4, "4 trades in 5 sessions, too few"),
        ([1], 3, "1 trade in 1 session, too few"),
        ([], 3, "0 trades in 0 sessions, too few"),
        ([1200, 34], 3, "1,234 trades in 2 sessions, too few"),
    ],
)
def test_only_sessions_with_a_trade_count(trades: list[int], least: int, told: str) -> None:
    assert too_few(sums(*trades), least) == told


def measured(**changes: Any) -> tuple[ReportData, OutOfSample]:
    data = minimal_data()
    evidence = out_of_sample(data.best)
    traded = replace(evidence.traded, **changes)
    return replace(data, out_of_sample=evidence.model_copy(update={"traded": traded})), traded


def test_out_of_sample_says_something_from_five_sessions_with_trades_on() -> None:
    data, traded = measured(sessions=sums(1, 1, 0, 1, 1, 3))
    assert (data.outside, data.too_few_outside) == (traded, "")
    data, _ = measured(sessions=sums(1, 1, 0, 1, 0, 3))
    assert (data.outside, data.too_few_outside) == (None, "6 trades in 6 sessions, too few")


def test_what_was_not_traded_yet_is_not_too_few() -> None:
    data, _ = measured(sessions=SessionSums.empty(), metrics=None)
    for one in (data, minimal_data()):
        assert (one.outside, one.too_few_outside) == (None, "")
