"""The report's pictures in docs/images, from the pages that real runs made of sample sessions.

After, in a folder of its own (`rorq init FOLDER`, and RORQ_HOME as it says):

    rorq demo && rorq materialize 2023-01..2023-04 && python -m design.draw_report docs/images

Needs Chromium, as the browser tests do. Those of Dagster's own pages are taken by
`tests/rorq_pipeline/live/test_ui_browser.py`, from a run as well.
"""

import sys
from pathlib import Path

from rorq_pipeline.cli.demo import SEARCHED
from rorq_pipeline.project.paths import ProjectPaths
from tests.rorq_pipeline.report.browser import Watched, chromium, small_png

SHOTS: dict[str, tuple[str, tuple[int, int], str, str | None]] = {
    "report_top": (SEARCHED, (1280, 1010), "light", None),
    "report_top_dark": (SEARCHED, (1280, 1010), "dark", None),
    "report_parameters": (SEARCHED, (1280, 900), "light", "#parameters"),
    "report_surface": (SEARCHED, (1280, 900), "light", "#surface"),
    "report_overfitting": (SEARCHED, (1280, 900), "light", "#overfitting"),
    "report_trade": (SEARCHED, (1280, 900), "light", "#closeup"),
    "report_phone": (SEARCHED, (390, 1000), "light", None),
    "index": ("index", (1280, 1120), "light", None),
}  # name -> page, size, scheme, element (None: what is in view)


def main() -> None:
    """Take every picture anew."""
    if len(sys.argv) != 2:
        sys.exit("where to? python -m design.draw_report docs/images")
    folder = Path(sys.argv[1])
    pages = ProjectPaths.resolve().artifacts / "report"
    with chromium() as browser:
        for name, (page, (width, height), scheme, element) in SHOTS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            watched = Watched(context.new_page()).open(pages / f"{page}.html")
            if page != "index":
                watched.draw_all()
            shown = watched.page.locator(element) if element else watched.page
            (folder / f"{name}.png").write_bytes(small_png(shown.screenshot()))
            context.close()


if __name__ == "__main__":
    main()
