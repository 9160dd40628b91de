"""Some sessions whose cells are made in another process, perhaps on another machine.

A block travels as dates, fingerprints and parameters; the sessions are loaded where the work is
done. What comes back are the bytes of a cells file, which `CellStore.add` takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from strategy.backtest import ENGINE_VERSION
from strategy.errors import ClusterError
from strategy.market_data.prepared import PreparedSessions
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import file_of_cells
from strategy.surface.cells import make_session_cell
from strategy.surface.compute import SurfacePlan


@dataclass(frozen=True, kw_only=True)
class CellBlock:
    """Sessions of one ticker and month."""

    plan: SurfacePlan
    cache_dir: str
    prepared_dir: str
    ticker: str
    fingerprints: Mapping[date, str]  # of each session's data
    engine_version: str = ENGINE_VERSION  # of who asks


def make_block(block: CellBlock) -> bytes:
    """Evaluate every combination on the block's sessions, as they were when it was asked for.

    Raises:
        ClusterError: the engine here is of another version.
        CacheError: a session is absent, unsound, or has changed.
    """
    if block.engine_version != ENGINE_VERSION:  # a worker that came later
        raise ClusterError(
            f"the engine here is of version {ENGINE_VERSION}",
            expected=f"{block.engine_version}, as where the work was asked for",
            remedy="install the same release on all workers",
        )
    prepared = PreparedSessions(folder=Path(block.prepared_dir))
    return file_of_cells(
        make_session_cell(
            block.plan, prepared.load_same(block.cache_dir, block.ticker, day, fingerprint)
        )
        for day, fingerprint in sorted(block.fingerprints.items())
    )


def compile_kernels() -> None:
    """Load the kernels that a block needs, or compile them where this host has not done so yet."""
    make_session_cell(SurfacePlan.of(SearchSpace.seed(), None), _session_without_a_bar())


def _session_without_a_bar() -> SessionData:
    nothing = np.empty(0)
    return SessionData(
        ticker="SPY",
        date=date(2023, 1, 3),
        source="synthetic",
        fingerprint="",
        open_utc_seconds=0,
        n_seconds=1,
        close_shift_seconds=0,
        underlying_close_usd=np.array([np.nan]),
        running_vwap_usd=np.array([np.nan]),
        contract_tickers=(),
        call_strikes_usd=nothing,
        put_strikes_usd=nothing,
        shares_per_contract=np.empty(0, np.int64),
        bar_offsets=np.zeros(1, np.int64),
        bar_seconds=np.empty(0, np.int32),
        bar_prices_usd=nothing,
        bar_highs_usd=nothing,
        bar_lows_usd=nothing,
        bar_trades=np.empty(0, np.int64),
    )
