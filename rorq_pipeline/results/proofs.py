"""Proofs of a published result: nothing looked ahead, and the reference engine agrees; its fills.

They are made once, by the checks of `best_params`, and kept beside the other artifacts, named after
the result that they are of, so that the verdict need not make them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow as pa

from optimize.study.objective import BacktestObjective
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.artifacts import ArtifactError
from rorq_pipeline.results.identity import of_result
from rorq_pipeline.results.models import BestParams, Proofs
from rorq_pipeline.results.published import sessions_of_study
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import read_session_frames
from strategy.market_data.quotes.files import fills_by_day, read_quotes
from strategy.market_data.quotes.sample import sample_quotes
from strategy.market_data.schema import QUOTES_SCHEMA
from strategy.proofs.fill_scenarios import FillsBand, fills_band
from strategy.proofs.lookahead import TotalsEngine, check_lookahead, surface_totals
from strategy.proofs.replay import replay
from strategy.session import SessionData


def prove(best: BestParams, market_data: MarketData, date_range: BacktestRange) -> Proofs:
    """Prove the published result: no look-ahead, the same by the reference engine; and its fills.

    Raises:
        StudyMismatchError: the cached data is not what the result was measured on.
    """
    sessions = sessions_of_study(best, market_data, date_range)
    params = best.strategy_params
    frames = (
        read_session_frames(market_data.cache_of(best.ticker), best.ticker, session.date)
        for session in sessions
    )
    trades = run_backtest(params, sessions).trades
    return Proofs(
        of=best.identity,
        look_ahead=check_lookahead(
            params,
            sessions,
            totals={"surface": surface_totals, "study objective": _objective_totals(best)},
        ),
        replay=replay(params.to_json_dict(), frames, trades, asdict(best.metrics)),
        fills=fills_band(params, sessions, quotes_of(best, market_data, trades)),
    )


def take_up_quotes(
    best: BestParams, market_data: MarketData, date_range: BacktestRange
) -> FillsBand:
    """Settle the published trades at the quotes that are cached now; proofs that are kept say so.

    Raises:
        StudyMismatchError: the cached data is not what the result was measured on.
    """
    sessions = sessions_of_study(best, market_data, date_range)
    trades = run_backtest(best.strategy_params, sessions).trades
    band = fills_band(best.strategy_params, sessions, quotes_of(best, market_data, trades))
    kept = kept_proofs(best, date_range)
    if kept is not None:
        keep_proofs(kept.model_copy(update={"fills": band}), date_range)
    return band


def quotes_of(best: BestParams, market_data: MarketData, trades: pd.DataFrame) -> pd.DataFrame:
    """Quotes of the fills, as far as they are cached; synthetic sessions show their own.

    Raises:
        CorruptFileError: a file of quotes is damaged.
    """
    tables = []
    for day, fills in fills_by_day(trades).items():
        table = read_quotes(market_data.cache_of(best.ticker), best.ticker, day)
        if table is None and best.is_synthetic:
            table = sample_quotes(market_data.cache_of(best.ticker), best.ticker, day, fills)
        if table is not None:
            tables.append(table)
    quotes: pd.DataFrame = pa.concat_tables([QUOTES_SCHEMA.empty_table(), *tables]).to_pandas()
    return quotes


def keep_proofs(proofs: Proofs, date_range: BacktestRange) -> None:
    """Write the proofs of a range, so that what comes after need not make them again."""
    proofs.write_file(Proofs.path(date_range.key))


def kept_proofs(best: BestParams, date_range: BacktestRange) -> Proofs | None:
    """Read the proofs of a range; None where there are none of just this result, undamaged."""
    try:
        return of_result(best, Proofs.read(date_range.key))
    except ArtifactError:
        return None


def _objective_totals(best: BestParams) -> TotalsEngine:
    """The study's objective of the published combination, as an engine that gives sums."""
    combination, fixed = best.trial_params, best.fixed_params

    def totals(_: Any, sessions: Sequence[SessionData]) -> Mapping[str, Any]:
        objective = BacktestObjective(sessions=sessions, fixed_params=fixed, min_trade_threshold=0)
        outcome = objective(combination)
        sums = {name: outcome.attributes[name] for name in ("total_trades", "net_pnl_usd")}
        return {"return_on_risk_percent": outcome.value, **sums}

    return totals
