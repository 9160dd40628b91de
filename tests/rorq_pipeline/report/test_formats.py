"""How values read."""

from datetime import UTC, date, datetime, time

import pytest

from rorq_pipeline.report import formats

MINUS = "\u2212"
DASH = "\u2013"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "$1,234.50"),
        (-52.1, f"{MINUS}$52.10"),
        (0.0, "$0.00"),
        (-0.001, "$0.00"),
        (-1234.5, f"{MINUS}$1,234.50"),
        (None, DASH),
        (float("nan"), DASH),
        (float("inf"), DASH),
    ],
)
def test_dollars(value: float | None, text: str) -> None:
    assert formats.usd(value) == text


@pytest.mark.parametrize(
    ("text", "signed"),
    [("$3.00", "+$3.00"), (f"{MINUS}$3.00", f"{MINUS}$3.00"), ("$0.00", "$0.00"), (DASH, DASH)],
)
def test_a_gain_gets_a_plus_and_nothing_else_does(text: str, signed: str) -> None:
    assert formats.signed(text) == signed


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("return_on_risk_percent", 12.345, "12.3%"),
        ("return_on_risk_percent", -12.345, f"{MINUS}12.3%"),
        ("return_on_risk_percent", None, DASH),
        ("net_pnl_usd", -7.0, f"{MINUS}$7.00"),
        ("net_pnl_usd", 12_345.0, "$12,345.00"),
        ("total_trades", 1234, "1,234"),
        ("daily_sharpe", 0.456, "0.46"),
        ("profit_factor", 1.5, "1.50"),
        ("profit_factor", 33_681.0, "over 1,000"),
        ("profit_factor", 1000.0, "over 1,000"),
        ("profit_factor", 999.99, "999.99"),
        ("profit_factor", None, DASH),
        ("something_new", 2.0, "2.00"),
    ],
)
def test_metrics_read_in_their_unit(name: str, value: float | None, text: str) -> None:
    assert formats.metric(name, value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("entry_window", "09:30-15:45", f"09:30{DASH}15:45"),
        ("stretch_threshold", 0.003, "0.3%"),
        ("stretch_threshold", 0.0005, "0.05%"),
        ("reclaim_percentage", 0.8, "80%"),
        ("cooldown_period_seconds", 600, "600 s"),
        ("stop_loss_percent", -100, f"{MINUS}100%"),
        ("take_profit_percent", 100, "100%"),
        ("strikes_depth", 10, "10"),
        ("option_selection_mode", "otm", "out of the money"),
        ("option_selection_mode", "unheard of", "unheard of"),
        ("option_selection_mode", "itm", "in the money"),
        ("option_selection_mode", "atm", "at the money"),
        ("stretch_threshold", 0.0012346, "0.123%"),
        ("something_new", 0.1234567, "0.123457"),
        ("something_new", 2.5, "2.5"),
        ("something_new", None, "None"),
        ("something_new", "as-it-is", "as-it-is"),
        ("something_new", "as it is", "as it is"),
        ("something_new", True, "True"),
        ("a_new_one", "09-10", "09-10"),
        ("a_new_one", "otm", "otm"),
        ("something_new", "otm", "otm"),
    ],
)
def test_parameters_read_in_their_unit(name: str, value: object, text: str) -> None:
    assert formats.parameter(name, value) == text


def test_what_has_no_title_is_called_by_its_name() -> None:
    assert formats.metric_title("net_pnl_usd") == "Net P&L"
    assert formats.metric_title("some_new_metric") == "some new metric"
    assert formats.parameter_title("stop_loss_percent") == "Stop loss"
    assert formats.parameter_title("some_new_parameter") == "some new parameter"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2023, 1, 3), date(2023, 1, 3), "3 January 2023"),
        (date(2023, 1, 3), date(2023, 1, 31), f"3{DASH}31 January 2023"),
        (date(2023, 1, 3), date(2023, 2, 1), f"3 January {DASH} 1 February 2023"),
        (date(2022, 12, 30), date(2023, 1, 3), f"30 December 2022 {DASH} 3 January 2023"),
    ],
)
def test_a_span_repeats_nothing(first: date, last: date, text: str) -> None:
    assert formats.span(first, last) == text


def test_moments_keep_their_zone() -> None:
    assert formats.moment(datetime(2023, 2, 1, 8, 5, tzinfo=UTC)) == "1 February 2023, 08:05 UTC"
    assert formats.moment(datetime(2023, 2, 1, 18, 5)) == "1 February 2023, 18:05"  # noqa: DTZ001
    assert formats.moment(None) == DASH


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (time(9, 30), "09:30:00"),
        (date(2023, 1, 3), "2023-01-03"),
        ((1, 2.5, "x"), "1, 2.5, x"),
        (None, "None"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_configuration_reads_plainly(value: object, text: str) -> None:
    assert formats.plain(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (45, "45 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (245, "4 min 05 s"),
        (None, DASH),
        (float("nan"), DASH),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.345, "34%"), (1.0, "100%"), (None, DASH), (float("nan"), DASH)],
)
def test_shares(fraction: float | None, text: str) -> None:
    assert formats.share(fraction) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "< 0.001"),
        (0.0009, "< 0.001"),
        (0.0042, "= 0.004"),
        (0.001, "= 0.001"),
        (0.0996, "= 0.100"),
        (0.1, "= 0.10"),
        (0.1234, "= 0.12"),
        (None, f"= {DASH}"),
        (float("nan"), f"= {DASH}"),
    ],
)
def test_a_p_value_is_never_zero(fraction: float | None, text: str) -> None:
    assert formats.p_value(fraction) == text


@pytest.mark.parametrize(
    ("fraction", "words"),
    [
        (-0.2, "none of the promise was kept"),
        (0.0, "none of the promise was kept"),
        (0.01, "1% of the promise was kept"),
        (1.0, "100% of the promise was kept"),
        (1.01, "more came than was promised"),
    ],
)
def test_what_was_kept_of_a_promise(fraction: float, words: str) -> None:
    assert formats.kept_words(fraction) == words


def test_negative_numbers_in_a_sentence_carry_a_true_minus() -> None:
    told = formats.true_minus("return on risk -0.5% (-7.8 to +7.9) in-sample, 2023-01-03, -$4")
    assert told == ("return on risk \u22120.5% (\u22127.8 to +7.9) in-sample, 2023-01-03, \u2212$4")


def test_a_figure_in_a_sentence_keeps_sign_and_unit_on_its_line() -> None:
    told = formats.whole_figures(f"45 trades, {MINUS}$1,145.69, 90% interval <1.5%, it's over")
    assert told == (
        f'<span class="figure">45 trades</span>, <span class="figure">{MINUS}$1,145.69</span>, '
        '<span class="figure">90% interval</span> &lt;<span class="figure">1.5%</span>, '
        "it&#39;s over"
    )


def test_rules_of_the_validation_read_as_words() -> None:
    assert formats.rule_title("vwap_outside_bar") == "VWAP outside bar"
    assert formats.rule_title("no_vwap") == "No VWAP"
