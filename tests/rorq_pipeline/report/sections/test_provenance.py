"""What went in and what was lost, each figure in its own place."""

from rorq_pipeline.report import CheckOutcome
from rorq_pipeline.report.sections.provenance import provenance_section
from strategy.metrics import Counts
from tests.rorq_pipeline.report.fixtures import complete_data
from tests.rorq_pipeline.results_made import METRICS

COUNTS = Counts(
    stretch_signals=40, valid_entries=25, late_entries_blocked=1, missing_contract_data=2,
    no_price_at_entry=3, no_fill=4, stale_prices=5, forced_exits=6, exit_without_print=7,
)  # fmt: skip


def test_the_way_from_signal_to_trade() -> None:
    funnel = provenance_section(complete_data(best={"counts": COUNTS, "metrics": METRICS})).context[
        "funnel"
    ]
    assert [figure for _, figure in funnel] == [40, 25, 1, 2, 3, 4, 12, 5, 6, 7]
    words = [words for words, _ in funnel]
    assert words[2:6] == [
        "Of these, came at or after the cutoff",
        "Of these, had a contract without any cached bar",
        "Of these, had no price of the contract yet, or no second left",
        "Of these, found no bar of the contract within the wait",
    ]


def test_checks_that_passed_are_counted_and_sources_named() -> None:
    checks = [CheckOutcome(name=str(n), passed=n < 3) for n in range(5)]
    context = provenance_section(complete_data(checks=checks)).context
    assert context["n_passed"] == 3
    assert context["sources"] == ["synthetic"]
    without = provenance_section(complete_data(sessions=(), best={"source": "polygon"})).context
    assert without["sources"] == ["polygon"]
