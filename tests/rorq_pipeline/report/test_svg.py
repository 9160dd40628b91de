"""Small still pictures: every point, level and word of them, worked out by hand."""

import re
from html import unescape

import pytest

from rorq_pipeline.report.svg import equity_chart, sparkline


def paths(picture: str) -> list[tuple[str, str]]:
    """Class and points of each path, in the order in which they are drawn."""
    return re.findall('<path class="([^"]*)" d="([^"]*)"/>', picture)


def words(picture: str) -> list[tuple[str, str, str]]:
    """Place and words of each text."""
    return re.findall('<text x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)<', unescape(picture))


def test_a_small_curve_fills_its_box_from_zero_on() -> None:
    line = str(sparkline([10, -5, 20], label='<"&'))
    # 36 pixels for 25 USD, the highest at 2, the lowest at 38
    assert paths(line) == [
        ("zero", "M0 30.8H160"), ("line", "M0.0 30.8L53.3 16.4L106.7 38.0L160.0 2.0"),
    ]  # fmt: skip
    assert 'viewBox="0 0 160 40"' in line
    assert 'aria-label="&lt;&#34;&amp;"' in line


def test_nothing_earned_is_a_line_at_the_foot() -> None:
    assert paths(str(sparkline([0, 0], label="x"))) == [
        ("zero", "M0 38.0H160"), ("line", "M0.0 38.0L80.0 38.0L160.0 38.0"),
    ]  # fmt: skip


def test_nothing_is_drawn_of_nothing() -> None:
    assert sparkline([], label="none") == ""
    assert equity_chart([], label="none", first="a", last="b") == ""


def test_the_curve_is_dotted_from_the_end_of_the_range() -> None:
    """5 steps over 490 pixels from 62 on, and 134 USD over 134 pixels down to 142."""
    still = str(equity_chart(
        [20.0, 40.0, -27.0, 40.0, 107.0], label='<"&', first="3 Jan 23", last="<9 Jan 23>",
        border=(3, "5 <Jan> 23"),
    ))  # fmt: skip
    assert paths(still) == [
        ("zero", "M62 115.0H552"),
        ("zero", "M62 142.0H552"),
        ("zero", "M62 8.0H552"),
        ("zero", "M356.0 4V142"),
        ("area", ("M62.0 115.0L160.0 95.0L258.0 75.0L356.0 75.0L454.0 75.0L552.0 8.0"
         "L552.0 8.0L454.0 75.0L356.0 142.0L258.0 75.0L160.0 95.0L62.0 115.0Z")),
        ("line", "M62.0 115.0L160.0 95.0L258.0 75.0L356.0 142.0"),
        ("line after", "M356.0 142.0L454.0 75.0L552.0 8.0"),
    ]  # fmt: skip
    assert re.findall('<text x="(.*?)" y="(.*?)"[^>]*>(.*?)</text>', still) == [
        ("62", "115.0", "$0"),
        ("62", "142.0", "\u2212$27"),
        ("62", "8.0", "$107"),
        ("356.0", "157", "5 &lt;Jan&gt; 23"),
        ("62", "157", "3 Jan 23"),
        ("552", "157", "&lt;9 Jan 23&gt;"),
    ]
    assert 'viewBox="0 0 560 160"' in still
    assert 'aria-label="&lt;&#34;&amp;"' in still


def test_a_curve_that_ends_with_the_range_is_all_one_line() -> None:
    still = str(equity_chart([-1500.0, -3000.0], label="x", first="a", last="b"))
    assert paths(still)[-1] == ("line", "M62.0 8.0L307.0 75.0L552.0 142.0")
    assert [text for _, _, text in words(still)] == ["$0", "\u2212$3,000", "a", "b"]


@pytest.mark.parametrize(("low", "high", "levels"), [
    (-14.0, 120.0, ["$0", "$120"]), (-15.0, 119.0, ["$0", "\u2212$15", "$119"]),
])  # fmt: skip
def test_a_level_that_would_touch_zero_has_no_words(
    low: float, high: float, levels: list[str]
) -> None:
    still = str(equity_chart([low, high], label="x", first="a", last="b"))
    assert [text for _, _, text in words(still)][:-2] == levels


@pytest.mark.parametrize(("n_inside", "n", "is_dated"), [
    (39, 245, False), (79, 490, True), (407, 490, True), (204, 245, False),
])  # fmt: skip
def test_the_border_has_its_date_unless_another_stands_there(
    n_inside: int, n: int, is_dated: bool
) -> None:
    """At 140, 141, 469 and 470 pixels."""
    still = str(equity_chart(
        [1.0] * n, label="x", first="a", last="b", border=(n_inside, "here")
    ))  # fmt: skip
    assert (">here<" in still) is is_dated
