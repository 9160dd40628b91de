"""The walk-forward matrix: every policy's choice on past months, traded in those that followed.

At the end of each month every policy chooses from the sums of the months it looks back on, that
month included. What the choice did in the next month is a look-up in that month's cells, as is
what it would have done in the months after, which shows how a choice ages. No month has a part in
a choice that trades it.

A month's record is kept, and made again only if the data of that month or of one before has
changed; so a new month costs the reading of a year. Sums are exact (`strategy.surface.cells` says
why), whence a record is the same whether it was made alone or with all others.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Protocol

import numpy as np
import numpy.typing as npt

from optimize.choice.grid import Grid
from optimize.choice.policies import Lookback, Policy
from optimize.choice.rules import RULES
from strategy.session import FloatArray, IntArray, SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import CellStore, month_of
from strategy.surface.cells import GridSums, SessionCell, sum_cells
from strategy.surface.compute import require_affordable, work_bytes

OLDEST_MONTHS = 12  # how long a choice is followed
NO_CHOICE = -1
_WORKERS = 2  # each works on some 40 MB for the seed's space
MAX_MATRIX_BYTES = 4 * 1024**3  # the seed's space takes about 0.7 GiB
_OTHER_SUMS = 4  # of all months, of the month at hand, and two where lookbacks are added up
_CELLS_IN_SUMS = 12  # two months of 21 cells, each about 0.3 of the sums of a month
Chains = Mapping[str, str]  # month -> fingerprint of the data of it and all months before


@dataclass(frozen=True, eq=False, kw_only=True)
class MonthRecord:
    """What a month brought to earlier choices, and what was chosen at its end.

    The row of an age holds what was chosen one month ago, two months ago, and so on.
    """

    month: str  # 2023-01
    chain: str
    dates: tuple[date, ...]
    chosen: IntArray  # (n_policies,), index in the search space, NO_CHOICE without
    promised_percent: FloatArray  # (n_policies,), NaN without a choice
    held: IntArray  # (n_ages, n_policies), index in the search space
    held_promised_percent: FloatArray  # (n_ages, n_policies)
    total_trades: IntArray  # (n_ages, n_policies), in this month
    net_pnl_usd: FloatArray  # (n_ages, n_policies)
    risk_usd: FloatArray  # (n_ages, n_policies)
    session_net_pnl_usd: FloatArray  # (n_policies, n_sessions), of what was chosen one month ago
    session_risk_usd: FloatArray  # (n_policies, n_sessions)


class RecordStore(Protocol):
    """Where month records, and one sum over the oldest months, are kept."""

    def record(self, month: str, chain: str) -> MonthRecord | None:
        """Return a month's record of just this data."""

    def keep(self, record: MonthRecord) -> None:
        """Keep a month's record."""

    def running_sum(self, chains: Chains) -> tuple[str, GridSums] | None:
        """Return the sum of all months up to one of these, of just this data."""

    def keep_running_sum(self, month: str, chain: str, sums: GridSums) -> None:
        """Keep the sum of all months up to this one."""


def walk_forward_matrix(
    cells: CellStore,
    ticker: str,
    fingerprints: Mapping[date, str],
    load: Callable[[date], SessionData],
    policies: Sequence[Policy],
    *,
    records: RecordStore | None = None,
    on_month: Callable[[str], None] | None = None,
    workers: int = _WORKERS,
) -> list[MonthRecord]:
    """Return a record a month that has sessions, in order.

    Args:
        cells: The month cells.
        ticker: The underlying.
        fingerprints: The data fingerprint of each session there is.
        load: Called for sessions that have no cell yet.
        policies: What to choose by.
        records: Where records are kept; None keeps none.
        on_month: Called with each month when it is done.
        workers: Threads.

    Raises:
        SurfaceTooLargeError: the sums would take more than `MAX_MATRIX_BYTES`.
    """
    chains = chain_fingerprints(ticker, fingerprints)
    months = list(chains)
    done = _kept_records(records, chains)
    if len(done) == len(months):
        return done
    depth = max((p.lookback_months for p in policies if p.lookback_months != "all"), default=1)
    require_affordable(
        cells.plan.space,
        n_sessions=len(fingerprints),
        needed_bytes=matrix_bytes(cells.plan.space, min(depth, len(months)), workers),
        max_bytes=MAX_MATRIX_BYTES,
    )
    n_summed, everything = _kept_sum(records, chains, len(done))
    first = min(max(0, len(done) - depth + 1), n_summed)  # month whose cells are needed
    needed = {day: text for day, text in fingerprints.items() if month_of(day) >= months[first]}
    walk = _Walk(Grid.of(cells.plan.space), policies, deque(maxlen=depth), everything)
    with ThreadPoolExecutor(workers) as pool:
        stream = _read_ahead(cells.months(ticker, needed, load, workers=workers))
        for number, (month, sessions) in enumerate(stream, start=first):
            sums = sum_cells(cells.plan.space, sessions)
            walk.look_back_on(sums, is_in_everything=number < n_summed)
            if records is not None and n_summed <= number == len(months) - 2:
                # Up to the month before the latest, which may still grow.
                records.keep_running_sum(month, chains[month], walk.everything)
            if number < len(done):
                continue
            done.append(walk.record(month, chains[month], done, sums, sessions, pool))
            if records is not None:
                records.keep(done[-1])
            if on_month is not None:
                on_month(month)
    return done


def matrix_bytes(space: SearchSpace, n_months: int, workers: int = _WORKERS) -> int:
    """Memory that it takes to look back on some months, about."""
    sums = GridSums.bytes_for(space)
    held = (n_months + _OTHER_SUMS + _CELLS_IN_SUMS) * sums
    return held + workers * (work_bytes(space) + 2 * sums)


def chain_fingerprints(ticker: str, fingerprints: Mapping[date, str]) -> dict[str, str]:
    """Month -> SHA-256 over the sessions of it and all months before, hexadecimal."""
    digest = hashlib.sha256(ticker.encode())
    chains = {}
    for month, days in groupby(sorted(fingerprints), key=month_of):
        for day in days:
            digest.update(f"{day.isoformat()} {fingerprints[day]}\n".encode())
        chains[month] = digest.hexdigest()
    return chains


class _Walk:
    """What is looked back on, from month to month."""

    def __init__(
        self,
        grid: Grid,
        policies: Sequence[Policy],
        recent: deque[GridSums],
        everything: GridSums | None,
    ) -> None:
        self._grid = grid
        self._policies = policies
        self._recent = recent  # latest first
        self._everything = everything

    @property
    def everything(self) -> GridSums:
        """Sums of all months so far."""
        if self._everything is None:
            raise ValueError("no month has been looked at")
        return self._everything

    def look_back_on(self, sums: GridSums, *, is_in_everything: bool) -> None:
        """Take a month among those that are looked back on."""
        self._recent.appendleft(sums)
        if not is_in_everything:
            self._everything = sums if self._everything is None else self._everything + sums

    def record(
        self,
        month: str,
        chain: str,
        before: Sequence[MonthRecord],
        sums: GridSums,
        sessions: Sequence[SessionCell],
        pool: ThreadPoolExecutor,
    ) -> MonthRecord:
        """Trade earlier choices in this month, and choose with it."""
        earlier = before[: -OLDEST_MONTHS - 1 : -1]
        shape = (len(earlier), len(self._policies))
        held = np.array([record.chosen for record in earlier], dtype=np.int64).reshape(shape)
        promised = np.array([record.promised_percent for record in earlier]).reshape(shape)
        places = [np.array(rows) for rows in self._grid.place_of(np.maximum(held, 0))]
        has_choice = held != NO_CHOICE
        by_session = [_of_session(cell, places, has_choice) for cell in sessions]
        chosen, promises = self._choose(pool)
        return MonthRecord(
            month=month,
            chain=chain,
            dates=tuple(cell.date for cell in sessions),
            chosen=chosen,
            promised_percent=promises,
            held=held,
            held_promised_percent=promised,
            total_trades=np.where(has_choice, sums.total_trades[places[0], 0], 0),
            net_pnl_usd=np.where(has_choice, sums.net_pnl_usd[places[0], places[1]], 0.0),
            risk_usd=np.where(has_choice, sums.risk_usd[places[0], places[2]], 0.0),
            session_net_pnl_usd=_first_age([pnl for pnl, _ in by_session], len(self._policies)),
            session_risk_usd=_first_age([risk for _, risk in by_session], len(self._policies)),
        )

    def _choose(self, pool: ThreadPoolExecutor) -> tuple[IntArray, FloatArray]:
        """Let every policy choose; the sums of a lookback are made once."""
        chosen = np.full(len(self._policies), NO_CHOICE, dtype=np.int64)
        promised = np.full(len(self._policies), np.nan)
        asked: dict[tuple[Lookback, str], list[int]] = {}
        for number, policy in enumerate(self._policies):
            asked.setdefault((policy.lookback_months, policy.rule), []).append(number)
        jobs = []
        for lookback, sums in self._lookbacks({lookback for lookback, _ in asked}):
            for (of, rule), numbers in asked.items():
                if of == lookback:
                    least = [self._policies[n].min_trades(sums.n_sessions) for n in numbers]
                    jobs.append((numbers, pool.submit(RULES[rule], sums, self._grid, least)))
        for numbers, job in jobs:
            for number, choice in zip(numbers, job.result(), strict=True):
                if choice is not None:
                    chosen[number] = choice.index
                    promised[number] = choice.promised_percent
        return chosen, promised

    def _lookbacks(self, wanted: set[Lookback]) -> Iterator[tuple[Lookback, GridSums]]:
        """Sums over the latest months, for each lookback that has enough of them."""
        total: GridSums | None = None
        is_own = False  # else a choice that is still at work may read it
        for n_months, sums in enumerate(self._recent, start=1):
            if total is None:
                total = sums
            else:
                total = total.take(sums) if is_own else total + sums
                is_own = True
            if n_months in wanted:
                yield n_months, total
                is_own = False
        if "all" in wanted:
            yield "all", self.everything


def _of_session(
    cell: SessionCell, places: Sequence[IntArray], has_choice: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Net P&L and risk, (n_policies,) each, of what was chosen one month ago; empty without."""
    if not len(has_choice):
        return np.empty(0), np.empty(0)
    sets, exits, stops = (rows[0] for rows in places)
    rows = cell.row_of_set[sets]
    traded = has_choice[0] & (rows >= 0)
    net_pnl, risk = np.zeros(len(sets)), np.zeros(len(sets))
    net_pnl[traded] = cell.net_pnl_usd[rows[traded], exits[traded]]
    risk[traded] = cell.risk_usd[rows[traded], stops[traded]]
    return net_pnl, risk


def _first_age(by_session: list[FloatArray], n_policies: int) -> FloatArray:
    """(n_policies, n_sessions), or (n_policies, 0) in the first month, which trades nothing."""
    traded = [values for values in by_session if len(values)]
    return np.stack(traded, axis=1) if traded else np.empty((n_policies, 0))


def _kept_records(records: RecordStore | None, chains: Chains) -> list[MonthRecord]:
    """Records of the first months, up to one that is absent or of other data."""
    kept: list[MonthRecord] = []
    for month, chain in chains.items() if records else ():
        record = records.record(month, chain) if records else None
        if record is None:
            break
        kept.append(record)
    return kept


def _kept_sum(
    records: RecordStore | None, chains: Chains, n_done: int
) -> tuple[int, GridSums | None]:
    """How many of the first months are summed up already, and their sum.

    Never more than there are records: a month is no part of what is looked back on before it.
    """
    summed = records.running_sum(chains) if records else None
    n_summed = list(chains).index(summed[0]) + 1 if summed else 0
    return (n_summed, summed[1]) if summed and n_summed <= n_done else (0, None)


def _read_ahead(
    months: Iterator[tuple[str, list[SessionCell]]],
) -> Iterator[tuple[str, list[SessionCell]]]:
    """Read one month while the one before is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, months, None)
        while (month := coming.result()) is not None:
            coming = reader.submit(next, months, None)
            yield month
