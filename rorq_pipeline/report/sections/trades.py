"""The trades: a table to sort and filter, and any of them up close."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from rorq_pipeline.report.contracts import short_contract
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.pictures import TradePicture
from rorq_pipeline.report.section import Section

MAX_ROWS = 8_000  # beyond it the table would weigh more than the rest of the page

# The order of a row's values in the page's JSON; trades.js reads them by these names.
COLUMNS = (
    "number", "session", "side", "contract", "entry_time", "entry_price", "exit_time", "exit_price",
    "held_seconds", "exit_reason", "net_pnl_usd", "return_on_risk_percent", "signal_time",
    "stretch_time", "entry_age_seconds", "exit_age_seconds",
)  # fmt: skip


def trades_section(data: ReportData) -> Section:
    """Rows as JSON for the page's script, with the windows of the trades that have a picture."""
    title = "Trades"
    if data.trades.empty:
        return Section(
            id="trades",
            title=title,
            absent="These parameters made no trade in this range.",
        )
    pnl = data.trades["net_pnl_usd"].to_numpy()
    return Section(
        id="trades",
        title=title,
        context={
            "n_trades": len(data.trades),
            "n_shown": min(len(data.trades), MAX_ROWS),
            "n_pictures": len(data.pictures),
            "reasons": sorted(set(data.trades["exit_reason"])),
        },
        values={
            "trades": {"columns": COLUMNS, "rows": trade_rows(data.trades.head(MAX_ROWS))},
            "pictures": [_packed(picture) for picture in data.pictures],
            "bands": {
                "stretch": data.best.strategy_params.stretch_threshold,
                "reclaim": data.best.strategy_params.reclaim_threshold,
                "slippage": data.best.strategy_params.slippage_amount,
            },
            "extremes": {"best": int(pnl.argmax()), "worst": int(pnl.argmin())},
        },
    )


def trade_rows(trades: pd.DataFrame) -> list[list[Any]]:
    """One list a trade, in the order of `COLUMNS`; clock times as seconds of the New York day."""
    return [_row(number, trade) for number, trade in enumerate(trades.to_dict("records"))]


def _row(number: int, trade: dict[Any, Any]) -> list[Any]:
    entry, leave, pnl = trade["entry_time"], trade["exit_time"], trade["net_pnl_usd"]
    return [
        number, f"{entry:%Y-%m-%d}", trade["side"], short_contract(trade["ticker"]),
        _clock(entry), trade["entry_price"], _clock(leave), trade["exit_price"],
        int((leave - entry).total_seconds()), trade["exit_reason"], round(pnl, 2),
        round(100 * pnl / trade["risk_usd"], 1), _clock(trade["signal_time"]),
        _clock(trade["stretch_time"]), trade["entry_price_age_seconds"],
        trade["exit_price_age_seconds"],
    ]  # fmt: skip


def _clock(moment: pd.Timestamp) -> int:
    """Seconds since midnight in New York."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _packed(picture: TradePicture) -> dict[str, Any]:
    """Prices as differences in hundredths of a cent, which halves their length."""
    start = pd.Timestamp(picture.start_utc_seconds, unit="s", tz="UTC").tz_convert(
        "America/New_York"
    )
    return {
        "trade": picture.trade,
        "start": _clock(start),
        "underlying": _differences(picture.underlying_close_usd),
        "vwap": _differences(picture.running_vwap_usd),
        "seconds": [b - a for a, b in pairwise([0, *picture.option_seconds])],
        "option": _differences(picture.option_prices_usd),
    }


def _differences(prices_usd: Sequence[float | None]) -> list[int | None]:
    packed: list[int | None] = []
    last = 0
    for price in prices_usd:
        if price is None:
            packed.append(None)
            continue
        units = round(price * 10_000)
        packed.append(units - last)
        last = units
    return packed
