"""The data behind the figures: sessions, hashes, findings, entries lost, checks."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section

_LOST = {
    "late_entries_blocked": "came at or after the cutoff",
    "missing_contract_data": "had a contract without any cached bar",
    "no_price_at_entry": "had no price of the contract yet, or no second left",
    "no_fill": "found no bar of the contract within the wait",
}


def provenance_section(data: ReportData) -> Section:
    """What went in, and what was lost on the way from signal to trade."""
    return Section(
        id="provenance",
        title="Data",
        context={
            "sessions": data.sessions,
            "funnel": _funnel(data),
            "checks": data.checks,
            "n_passed": sum(check.passed for check in data.checks),
            "sources": sorted({s.source for s in data.sessions} or {data.best.source}),
        },
    )


def _funnel(data: ReportData) -> list[tuple[str, int]]:
    counts = data.best.counts
    return [
        ("Stretches after cooldown", counts.stretch_signals),
        ("Reclaims in time", counts.valid_entries),
        *((f"Of these, {words}", getattr(counts, name)) for name, words in _LOST.items()),
        ("Trades", data.best.metrics.total_trades),
        ("Fills at a stale price", counts.stale_prices),
        ("Exits forced by the clock", counts.forced_exits),
        ("Exits without a print after their decision", counts.exit_without_print),
    ]
