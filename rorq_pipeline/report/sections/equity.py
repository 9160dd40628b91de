"""Equity, drawdown and daily P&L."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.equity import (
    daily_figure,
    daily_pnl_usd,
    equity_figure,
)
from rorq_pipeline.report.formats import duration, number
from rorq_pipeline.report.risk import annual_sharpe, annual_sortino, drawdowns, holding_seconds
from rorq_pipeline.report.section import Section


def equity_section(data: ReportData) -> Section:
    """The two figures, and the days in words."""
    title = "Equity and drawdown"
    if data.trades.empty:
        return Section(id="equity", title=title, absent="There is no trade to draw a curve of.")
    daily = daily_pnl_usd(data.trades, data.session_dates)
    best, worst = max(daily, key=daily.__getitem__), min(daily, key=daily.__getitem__)
    median, mean, longest = map(duration, holding_seconds(data.trades))
    return Section(
        id="equity",
        title=title,
        context={
            "n_up": sum(value > 0 for value in daily.values()),
            "n_down": sum(value < 0 for value in daily.values()),
            "n_flat": sum(value == 0 for value in daily.values()),
            "best": (best, daily[best]),
            "worst": (worst, daily[worst]),
            "ratios": [
                ("Sharpe ratio of a year", number(annual_sharpe(data.best.metrics.daily_sharpe))),
                ("Sharpe ratio of a day", number(data.best.metrics.daily_sharpe)),
                ("Sortino ratio of a year", number(annual_sortino(list(daily.values())))),
                ("Held, median", median),
                ("Held, mean", mean),
                ("Held, longest", longest),
            ],
            "drawdowns": drawdowns(data.trades),
        },
        figures={"equity": equity_figure(data.trades), "daily": daily_figure(daily)},
    )
