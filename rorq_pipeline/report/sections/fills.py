"""The band that fills put around the result, and how much of it hangs on thin evidence."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.formats import usd
from rorq_pipeline.report.section import Section
from strategy.proofs.fill_scenarios import Waiting

SHOWN = ("return_on_risk_percent", "net_pnl_usd", "total_trades", "win_rate_percent")


def fills_section(data: ReportData) -> Section:
    """One row a scenario, with a bar on a common scale."""
    title = "Fills"
    if data.proofs is None:
        absent = "Other assumptions about fills were not tried for this range."
        return Section(id="fills", title=title, absent=absent)
    fills = data.proofs.fills
    values = [one.metrics.return_on_risk_percent for one in fills.scenarios]
    known = [value for value in values if value is not None]
    return Section(
        id="fills",
        title=title,
        context={
            "scenarios": fills.scenarios,
            "shown": SHOWN,
            "scale": max((abs(value) for value in known if value), default=1.0),
            "low": min(known, default=None),
            "high": max(known, default=None),
            "shares": _shares(data),
            "waiting": _waiting(fills.waiting),
            "quotes": fills.quotes.summary() if fills.quotes else "",
        },
    )


def _shares(data: ReportData) -> list[tuple[str, float | None, float | None]]:
    """Words that follow "profit", the share of the gross profit, and what the checks admit."""
    shares = data.best.profit_shares
    return [
        ("from bars of one or two trades", shares.thin_bars_fraction, None),
        ("from stale prices", shares.stale_prices_fraction, None),
        ("from the best trade", shares.largest_trade_fraction, data.max_trade_share_fraction),
        ("from the best day", shares.largest_day_fraction, data.max_day_share_fraction),
    ]


def _waiting(waiting: Waiting) -> list[tuple[str, str]]:
    """What it costs to wait for the contract's next bar, in words and figures."""
    return [
        ("Entries without a bar within the wait", f"{waiting.entries_without_fill:,}"),
        ("Exits without a bar after their decision", f"{waiting.exits_without_print:,}"),
        (
            "Wait of an entry, mean and longest",
            _seconds(waiting.mean_entry_wait_seconds, waiting.longest_entry_wait_seconds),
        ),
        (
            "Wait of an exit, mean and longest",
            _seconds(waiting.mean_exit_wait_seconds, waiting.longest_exit_wait_seconds),
        ),
        ("Net P&L at the latest bar less that at the next", usd(waiting.latest_bar_gain_usd)),
    ]


def _seconds(mean: float | None, longest: float | None) -> str:
    return "" if mean is None else f"{mean:.1f} s, {longest:.0f} s"
