"""The walk-forward matrix on paper, against single backtests, and against looking ahead."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from optimize.choice.matrix_files import MatrixFiles
from optimize.choice.policies import Policy, all_policies
from optimize.choice.walk_forward_matrix import (
    NO_CHOICE,
    MonthRecord,
    walk_forward_matrix,
)
from strategy.backtest import run_backtest
from strategy.market_data import build_session
from strategy.session import SessionData
from strategy.space import SearchSpace, strategy_params
from strategy.surface.cell_files import CellStore
from strategy.surface.cells import SessionCell
from strategy.surface.compute import SurfacePlan, compute_surface
from strategy.surface.plateau import best_plateau
from tests.spaces import space_of
from tests.strategy.random_sessions import random_frames

SPACE = space_of(
    entry_window=("09:30-10:30", "09:30-15:45"),
    stretch_threshold=(0.0005, 0.001, 0.002),
    reclaim_percentage=(0.0, 0.5, 1.0),
    cooldown_period_seconds=(30, 600),
    take_profit_percent=(5, 50, 100),
    stop_loss_percent=(-5, -50, -100),
    max_trade_duration_seconds=(1, 60, 1200),
    strikes_depth=(1, 3),
    option_selection_mode=("itm", "otm"),
)
DAYS = [date(2023, 1, 3), date(2023, 1, 4), date(2023, 3, 13), date(2023, 7, 3), date(2023, 11, 24)]
MONTHS = ["2023-01", "2023-03", "2023-07", "2023-11"]
POLICIES = all_policies(lookbacks=(1, 2, "all"), rates=(21, 42))


# --- on paper ---------------------------------------------------------------------------------

PAPER_SPACE = space_of(
    **{name: values[:1] for name, values in SearchSpace.seed().items()}
    | {"option_selection_mode": ("itm", "otm")}
)
PAPER = {  # day -> net P&L and risk of one trade in the money, and of one out of the money
    date(2023, 1, 3): ((10.0, 100.0), (20.0, 100.0)),
    date(2023, 2, 1): ((30.0, 100.0), (-10.0, 50.0)),
    date(2023, 3, 1): ((-5.0, 100.0), (50.0, 100.0)),
}
ITM, OTM = 0, 1  # the two combinations


class PaperCells:
    """Month cells of two combinations that trade once a session."""

    plan = SimpleNamespace(space=PAPER_SPACE)

    def months(
        self, ticker: str, fingerprints: Mapping[date, str], *_: Any, **__: Any
    ) -> Iterator[tuple[str, list[SessionCell]]]:
        for day in sorted(fingerprints):
            (itm, itm_risk), (otm, otm_risk) = PAPER[day]
            yield (
                f"{day:%Y-%m}",
                [
                    SessionCell(
                        ticker=ticker,
                        date=day,
                        fingerprint="",
                        source="synthetic",
                        row_of_set=np.array([0, 1], np.int32),
                        missing_entries=np.zeros(2, np.int32),
                        total_trades=np.ones(2, np.int32),
                        risk_usd=np.array([[itm_risk], [otm_risk]]),
                        winners=np.zeros((2, 1), np.uint16),
                        net_pnl_usd=np.array([[itm], [otm]]),
                    )
                ],
            )


def test_three_months_on_paper() -> None:
    policies = [
        Policy(rule="exact_best", lookback_months=back, min_trades_in_21_sessions=21)
        for back in (1, 2, "all")
    ]
    records = walk_forward_matrix(
        PaperCells(), "SPY", dict.fromkeys(PAPER, "same"), lambda day: None, policies
    )
    january, february, march = records
    # January: 10 of 100 in the money, 20 of 100 out of it; two months there are not yet.
    assert january.chosen.tolist() == [OTM, NO_CHOICE, OTM]
    assert january.promised_percent[[0, 2]].tolist() == [20.0, 20.0]
    assert january.held.shape == (0, 3)
    # February trades that: -10 of 50. Then 30 %; over both months 40 of 200 against 10 of 150.
    assert february.held[0].tolist() == [OTM, NO_CHOICE, OTM]
    assert february.net_pnl_usd[0].tolist() == [-10.0, 0.0, -10.0]
    assert february.risk_usd[0].tolist() == [50.0, 0.0, 50.0]
    assert february.total_trades[0].tolist() == [1, 0, 1]
    assert february.chosen.tolist() == [ITM, ITM, ITM]
    assert february.promised_percent.tolist() == [30.0, 20.0, 20.0]
    # March trades in the money, -5 of 100; January's choice would have made 50 of 100.
    assert march.net_pnl_usd.tolist() == [[-5.0, -5.0, -5.0], [50.0, 0.0, 50.0]]
    assert march.session_net_pnl_usd.tolist() == [[-5.0], [-5.0], [-5.0]]
    assert march.session_risk_usd.tolist() == [[100.0], [100.0], [100.0]]
    # Chosen then: 50 %; February and March 25 of 200 against 40 of 150; all 35/300 and 60/250.
    assert march.chosen.tolist() == [OTM, OTM, OTM]
    assert march.promised_percent == pytest.approx([50.0, 100 * 40 / 150, 24.0])


# --- against single backtests -----------------------------------------------------------------


@pytest.fixture(scope="module")
def sessions() -> list[SessionData]:
    random = Random(11)
    made = [
        build_session(
            random_frames(
                random, day, n_underlying_bars=400, n_option_bars=300, strikes=list(range(-3, 4))
            )
        )
        for day in DAYS
    ]
    return [replace(s, fingerprint=f"{row}" * 64) for row, s in enumerate(made)]


@pytest.fixture(scope="module")
def plan() -> SurfacePlan:
    return SurfacePlan.of(SPACE, None)


def run_matrix(
    plan: SurfacePlan, sessions: list[SessionData], folder: Path, **options: Any
) -> list[MonthRecord]:
    return walk_forward_matrix(
        CellStore(folder, plan),
        "SPY",
        {session.date: session.fingerprint for session in sessions},
        {session.date: session for session in sessions}.__getitem__,
        POLICIES,
        **options,
    )


def test_every_choice_trades_as_a_backtest_of_it_does(
    plan: SurfacePlan, sessions: list[SessionData], tmp_path: Path
) -> None:
    records = run_matrix(plan, sessions, tmp_path)
    assert [record.month for record in records] == MONTHS
    compared = traded = 0
    for number, record in enumerate(records):
        traded_in = [session for session in sessions if session.date in record.dates]
        for age, earlier in enumerate(reversed(records[:number])):
            assert np.array_equal(record.held[age], earlier.chosen)
            for policy, index in enumerate(earlier.chosen):
                if index == NO_CHOICE:
                    assert record.total_trades[age, policy] == 0
                    continue
                result = run_backtest(strategy_params(SPACE.combination(int(index))), traded_in)
                trades = result.trades
                assert record.total_trades[age, policy] == len(trades)
                assert record.net_pnl_usd[age, policy] == pytest.approx(
                    trades["net_pnl_usd"].sum(), abs=1e-7
                )
                assert record.risk_usd[age, policy] == pytest.approx(
                    trades["risk_usd"].sum(), abs=1e-7
                )
                compared += 1
                traded += len(trades)
        if number:
            assert np.array_equal(record.session_net_pnl_usd.sum(axis=1), record.net_pnl_usd[0])
            assert np.array_equal(record.session_risk_usd.sum(axis=1), record.risk_usd[0])
    assert compared > 60
    assert traded > 500


def test_choices_are_those_of_the_surface_of_the_months_before(
    plan: SurfacePlan, sessions: list[SessionData], tmp_path: Path
) -> None:
    records = run_matrix(plan, sessions, tmp_path)
    seen = 0
    for number, record in enumerate(records):
        for policy, index in zip(POLICIES, record.chosen, strict=True):
            back = number + 1 if policy.lookback_months == "all" else policy.lookback_months
            if back > number + 1:
                assert index == NO_CHOICE
                continue
            days = {day for past in records[number + 1 - back : number + 1] for day in past.dates}
            past_sessions = [session for session in sessions if session.date in days]
            least = policy.min_trades(len(past_sessions))
            surface = compute_surface(SPACE, None, past_sessions)
            if policy.rule in ("exact_best", "plateau"):
                find = best_plateau if policy.rule == "plateau" else type(surface).best
                point = find(surface, least)
                assert index == (NO_CHOICE if point is None else point.index)
                seen += point is not None
    assert seen > 10


# --- looking ahead, and keeping ---------------------------------------------------------------


@pytest.mark.parametrize("changed", range(1, 5))
def test_what_comes_later_changes_no_earlier_record(
    plan: SurfacePlan, sessions: list[SessionData], tmp_path: Path, changed: int
) -> None:
    """Other data from one day on: the choices before are the same, and what they traded."""
    other = build_session(
        random_frames(
            Random(99), DAYS[changed], n_underlying_bars=400, n_option_bars=300, strikes=[-1, 0, 1]
        )
    )
    changed_sessions = [*sessions[:changed], replace(other, fingerprint="f" * 64)]
    before = run_matrix(plan, sessions, tmp_path)
    after = run_matrix(plan, changed_sessions, tmp_path)
    n_same = MONTHS.index(f"{DAYS[changed]:%Y-%m}")
    assert len(after) == n_same + 1
    for one, two in zip(before[:n_same], after, strict=False):
        assert_equal(one, two)
    assert n_same == 0 or np.array_equal(before[n_same].held, after[n_same].held)


def test_a_new_month_is_added_to_kept_records_as_if_all_were_made_at_once(
    plan: SurfacePlan, sessions: list[SessionData], tmp_path: Path
) -> None:
    kept = MatrixFiles(tmp_path / "matrix", "SPY", plan, POLICIES)
    told: list[str] = []
    for n_sessions in (2, 3, 4, 5, 5):
        run_matrix(plan, sessions[:n_sessions], tmp_path, records=kept, on_month=told.append)
    assert told == MONTHS
    step_by_step = run_matrix(plan, sessions, tmp_path, records=kept)
    at_once = run_matrix(plan, sessions, tmp_path)
    for one, two in zip(step_by_step, at_once, strict=True):
        assert_equal(one, two)


def test_a_lost_record_is_made_again_without_the_months_after_it(
    plan: SurfacePlan, sessions: list[SessionData], tmp_path: Path
) -> None:
    """The kept sum then reaches beyond the lost month, which must not look back on it."""
    kept = MatrixFiles(tmp_path / "matrix", "SPY", plan, POLICIES)
    first = run_matrix(plan, sessions, tmp_path, records=kept)
    (path,) = (tmp_path / "matrix").glob("*/*/2023-03.npz")
    path.write_bytes(path.read_bytes()[:-100])
    for one, two in zip(first, run_matrix(plan, sessions, tmp_path, records=kept), strict=True):
        assert_equal(one, two)


@pytest.mark.parametrize("name", ["2023-03.npz", "sum.npz"])
def test_a_flipped_bit_anywhere_changes_no_record(
    plan: SurfacePlan, sessions: list[SessionData], tmp_path: Path, name: str
) -> None:
    kept = MatrixFiles(tmp_path / "matrix", "SPY", plan, POLICIES)
    first = run_matrix(plan, sessions[:4], tmp_path, records=kept)
    chains = {record.month: record.chain for record in first}
    summed = kept.running_sum(chains)
    assert summed is not None
    (path,) = (tmp_path / "matrix").glob(f"*/*/{name}")
    sound, random, n_absent = path.read_bytes(), Random(5), 0
    for _ in range(300):
        data = bytearray(sound)
        at = random.choice((random.randrange(len(data)), -random.randrange(1, 2000)))
        data[at] ^= 1 << random.randrange(8)
        path.write_bytes(data)
        if name == "sum.npz":
            found = kept.running_sum(chains)
            if found is not None:
                np.testing.assert_array_equal(found[1].net_pnl_usd, summed[1].net_pnl_usd)
        else:
            found = kept.record("2023-03", chains["2023-03"])
            if found is not None:
                assert_equal(found, first[1])
        n_absent += found is None
    assert n_absent > 150


class CountedMonths(PaperCells):
    """Paper months that note how many were asked for."""

    plan = SurfacePlan.of(PAPER_SPACE, None)

    def __init__(self) -> None:
        self.asked: list[int] = []

    def months(
        self, ticker: str, fingerprints: Mapping[date, str], *_: Any, **__: Any
    ) -> Iterator[tuple[str, list[SessionCell]]]:
        self.asked.append(len(fingerprints))
        return super().months(ticker, fingerprints)


def test_a_new_month_reads_no_more_than_is_looked_back_on_however_many_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2020 + month // 12, month % 12 + 1, 1) for month in range(20)]
    monkeypatch.setattr(f"{__name__}.PAPER", dict.fromkeys(days, ((1.0, 100.0), (2.0, 100.0))))
    policies = [
        Policy(rule="exact_best", lookback_months=back, min_trades_in_21_sessions=21)
        for back in (1, 3, "all")
    ]
    cells = CountedMonths()
    kept = MatrixFiles(tmp_path, "SPY", cells.plan, policies)
    for n_months in range(8, 21):
        records = walk_forward_matrix(
            cells, "SPY", dict.fromkeys(days[:n_months], "same"), lambda _: None, policies,
            records=kept,
        )  # fmt: skip
        assert len(records) == n_months
        assert records[-1].promised_percent.tolist() == [2.0, 2.0, 2.0]
    assert cells.asked == [8] + [3] * 12


def assert_equal(one: MonthRecord, other: MonthRecord) -> None:
    for field in fields(MonthRecord):
        if field.name != "chain":
            np.testing.assert_array_equal(
                getattr(one, field.name), getattr(other, field.name), err_msg=field.name
            )
