"""The report and the index in a real browser: quiet, closed, sortable, printable, accessible."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rorq_pipeline.report import build_report
from tests.rorq_pipeline.report.browser import CHROMIUM, WHY_SKIPPED, Watched
from tests.rorq_pipeline.report.conftest import Opener
from tests.rorq_pipeline.report.fixtures import complete_data

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_SKIPPED),
    pytest.mark.timeout(300),
]

SIZES = [(1280, 900), (375, 800)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_opens_quietly_and_fits(
    opened: Opener, size: tuple[int, int], scheme: str
) -> None:
    watched = opened("report", size, scheme).draw_all()
    assert watched.complaints == []
    assert watched.requests == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_figures_that_place_a_legend_have_one(opened: Opener) -> None:
    page = opened("report").draw_all().page
    found = page.evaluate(
        "[...document.querySelectorAll('.plot')].filter(p => p.querySelector('.legend'))"
        ".map(p => p.dataset.figure || p.id)"
    )
    assert sorted(found) == ["closeup-plot", "history", "policies", "sample"]


@pytest.mark.parametrize("name", ["minimal", "index", "empty"])
@pytest.mark.parametrize("size", SIZES)
def test_the_other_pages_open_quietly_and_fit(
    opened: Opener, name: str, size: tuple[int, int]
) -> None:
    watched = opened(name, size)
    assert watched.complaints == []
    assert watched.requests == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("name", ["report", "index", "minimal"])  # the matrix is in the report
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (768, 1000), (390, 844)])
def test_axe_finds_no_serious_fault(
    opened: Opener, name: str, scheme: str, size: tuple[int, int]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    watched = opened(name, size, scheme)
    if name != "index":
        watched.draw_all()
    found = Axe().run(watched.page).response["violations"]
    serious = [
        (fault["id"], [node["html"][:160] for node in fault["nodes"][:3]])
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_two_ranges_stand_side_by_side(opened: Opener) -> None:
    page = opened("index").page
    rows = {
        row[0]: row[1:]
        for row in page.evaluate(
            "[...document.querySelectorAll('#compared tr')]"
            ".map(row => [...row.cells].map(c => c.textContent))"
        )
    }
    assert rows[""] == ["SPY, 1\u201328 February 2023", "SPY, 1\u201331 March 2023"]
    assert rows["Verdict"] == ["trade", "reject"]
    assert rows["Promised"] == ["20.0%", "30.0%"]
    assert rows["In the sessions that followed"] == ["5 trades in 4 sessions, too few", "1.2%"]
    assert rows["Take profit"] == ["50%", "75%"]
    page.select_option("#compare [name=left]", "2")  # January, the oldest
    assert page.locator("#compared tbody tr", has_text="Take profit").inner_text().split() == [
        "Take", "profit", "25%", "75%",
    ]  # fmt: skip
    assert page.locator("#compared .differs", has_text="75%").count() == 1


def test_the_trades_sort_by_any_column(opened: Opener) -> None:
    page = opened("report").page
    button = page.locator("#trade-table thead button", has_text="Net P&L")
    expected = sorted(round(float(v), 2) for v in complete_data().trades["net_pnl_usd"])
    button.click()
    assert shown_pnl(page) == expected[:50]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Net P&L")
    button.click()
    assert shown_pnl(page) == expected[::-1][:50]


def test_the_trades_filter_and_clear(opened: Opener) -> None:
    page = opened("report").page
    trades = complete_data().trades
    page.select_option("#trade-filters [name=outcome]", "gain")
    gains = int((trades["net_pnl_usd"] > 0).sum())
    assert page.locator("#trade-count").inner_text().startswith(f"{gains} of {len(trades)} trades")
    assert all(value > 0 for value in shown_pnl(page))
    reason = str(trades["exit_reason"].iloc[0])
    page.select_option("#trade-filters [name=reason]", reason)
    both = int(((trades["net_pnl_usd"] > 0) & (trades["exit_reason"] == reason)).sum())
    assert page.locator("#trade-count").inner_text().startswith(f"{both} of")
    page.click("#trade-filters [type=reset]")
    page.fill("#trade-filters [name=text]", "2023-01-04")
    on_day = int((trades["entry_time"].dt.strftime("%Y-%m-%d") == "2023-01-04").sum())
    assert page.locator("#trade-count").inner_text().startswith(f"{on_day} of")


def test_pages_of_rows_lead_through_all_trades(opened: Opener) -> None:
    page = opened("report").page
    seen = page.locator("#trade-table tbody tr").count()
    while page.locator("#trade-pages [data-page='1']").is_enabled():
        page.click("#trade-pages [data-page='1']")
        seen += page.locator("#trade-table tbody tr").count()
    assert seen == len(complete_data().trades)


def test_any_pictured_trade_can_be_seen_up_close(opened: Opener) -> None:
    page = opened("report").page
    trades = complete_data().trades
    best, worst = trades["net_pnl_usd"].argmax() + 1, trades["net_pnl_usd"].argmin() + 1
    assert page.inner_text("#closeup-name").startswith(f"Trade {best}:")
    page.click("#closeup [data-trade=worst]")
    assert page.inner_text("#closeup-name").startswith(f"Trade {worst}:")
    page.locator("#trade-table tbody tr[data-trade='3'] button").click()
    assert page.inner_text("#closeup-name").startswith("Trade 4:")
    drawn = page.evaluate("document.getElementById('closeup-plot').data.map(t => t.name)")
    assert {"Underlying", "VWAP", "Stretch band", "Reclaim band", "Option", "Entry"} <= set(drawn)


def test_a_close_up_shows_the_prices_of_its_session(opened: Opener) -> None:
    page = opened("report").page
    page.evaluate("window.rorq.showTrade(3)")
    drawn = page.evaluate(
        "document.getElementById('closeup-plot').data.find(t => t.name == 'Underlying').y"
    )
    picture = next(p for p in complete_data().pictures if p.trade == 3)
    assert drawn == pytest.approx(picture.underlying_close_usd)


def test_the_heatmap_follows_its_controls(opened: Opener) -> None:
    page = opened("report").page
    before = page.evaluate("document.getElementById('heat-plot').data[0].z")
    page.select_option("#heat-controls [name=measure]", "median")
    after = page.evaluate("document.getElementById('heat-plot').data[0].z")
    assert before != after


@pytest.mark.parametrize("name", ["report", "index"])
def test_light_and_dark_toggle_and_are_announced(opened: Opener, name: str) -> None:
    page = opened(name).page
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    assert page.inner_text("#theme") == "Switch to dark"
    page.click("#theme")
    assert page.inner_text("#theme") == "Switch to light"
    assert page.evaluate(background) != light
    page.click("#theme")
    assert page.evaluate(background) == light


def test_the_report_prints_on_two_pages(opened: Opener) -> None:
    page = opened("report", scheme="dark").page
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2


@pytest.mark.parametrize(
    "text",
    ["<script>window.hacked = 1</script>", "\"'><img src=x onerror='window.hacked=1'>", "x" * 300,
     "🦉 ünï\u2028</script>"],
)  # fmt: skip
def test_hostile_names_show_as_text(browser: Any, tmp_path: Path, text: str) -> None:
    data = complete_data()
    trades = data.trades.assign(ticker=text, exit_reason=text)
    hostile = complete_data(
        best={"ticker": text, "study_name": text}, command=text, trades=trades,
        versions={text: text},
    )  # fmt: skip
    path = tmp_path / "hostile.html"
    path.write_text(build_report(hostile), encoding="utf-8")
    context = browser.new_context(viewport={"width": 375, "height": 800})
    watched = Watched(context.new_page()).open(path).draw_all()
    page = watched.page
    shown = " ".join(text.split())
    assert watched.complaints == []
    assert page.evaluate("window.hacked === undefined")
    assert shown in " ".join(page.text_content("h1").split())
    assert shown in " ".join(page.text_content("#trade-table tbody").split())
    assert shown in " ".join(page.text_content("#reproduce").split())
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()


def shown_pnl(page: Any) -> list[float]:
    texts = page.locator("#trade-table tbody tr td.gain, #trade-table tbody tr td.loss")
    clean = (
        t.replace("$", "").replace(",", "").replace("\u2212", "-") for t in texts.all_inner_texts()
    )
    return [json.loads(t.lstrip("+")) for t in clean]
