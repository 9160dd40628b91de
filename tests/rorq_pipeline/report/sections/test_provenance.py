"""What went in and what was lost, each figure in its own place."""

from datetime import date

from rorq_pipeline.report import CheckOutcome, SessionProvenance
from rorq_pipeline.report.sections.provenance import provenance_section
from strategy.metrics import Counts
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import METRICS

COUNTS = Counts(
    stretch_signals=40, valid_entries=25, late_entries_blocked=1, missing_contract_data=2,
    no_price_at_entry=3, no_fill=4, stale_prices=5, forced_exits=6, exit_without_print=7,
)  # fmt: skip


def test_the_way_from_signal_to_trade() -> None:
    data = small_data(best={"counts": COUNTS, "metrics": METRICS})
    assert provenance_section(data).context["funnel"] == [
        ("Stretches after cooldown", 40),
        ("Reclaims in time", 25),
        ("Of these, came at or after the cutoff", 1),
        ("Of these, had a contract without any cached bar", 2),
        ("Of these, had no price of the contract yet, or no second left", 3),
        ("Of these, found no bar of the contract within the wait", 4),
        ("Trades", 12),
        ("Fills at a stale price", 5),
        ("Exits forced by the clock", 6),
        ("Exits without a print after their decision", 7),
    ]


def test_checks_that_passed_are_counted_and_sources_named() -> None:
    checks = [CheckOutcome(name=str(n), passed=n < 3) for n in range(5)]
    sessions = [
        SessionProvenance(session=date(2023, 1, day), source=source, fingerprint="")
        for day, source in ((3, "synthetic"), (4, "polygon"), (5, "synthetic"))
    ]
    context = provenance_section(small_data(checks=checks, sessions=sessions)).context
    assert context["n_passed"] == 3
    assert context["sources"] == ["polygon", "synthetic"]
    assert (context["checks"], context["sessions"]) == (checks, sessions)
    assert provenance_section(small_data()).context["sources"] == ["polygon"]
