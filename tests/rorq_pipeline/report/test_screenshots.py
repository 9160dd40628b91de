"""The pictures of the documentation, taken from the pages that the tests open.

With RORQ_SCREENSHOTS naming a folder they are written there (docs/images); otherwise they are
taken into a temporary folder and only looked at for content.
"""

import io
import os
from pathlib import Path
from typing import Any

import pytest

from tests.rorq_pipeline.report.browser import CHROMIUM, WHY_SKIPPED, small_png
from tests.rorq_pipeline.report.conftest import Opener

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_SKIPPED),
    pytest.mark.timeout(300),
]

# name -> page, size, scheme, element (None: what is in view)
SHOTS: dict[str, tuple[str, tuple[int, int], str, str | None]] = {
    "report_top": ("report", (1280, 1010), "light", None),
    "report_top_dark": ("report", (1280, 1010), "dark", None),
    "report_parameters": ("report", (1280, 900), "light", "#parameters"),
    "report_surface": ("report", (1280, 900), "light", "#surface"),
    "report_overfitting": ("report", (1280, 900), "light", "#overfitting"),
    "report_trade": ("report", (1280, 900), "light", "#closeup"),
    "report_phone": ("report", (375, 1000), "light", None),
    "index": ("index", (1280, 1120), "light", None),
}


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_for_the_documentation(opened: Opener, tmp_path: Path, name: str) -> None:
    page_name, size, scheme, element = SHOTS[name]
    watched = opened(page_name, size, scheme)
    if page_name == "report":
        watched.draw_all()
    folder = Path(os.environ.get("RORQ_SCREENSHOTS") or tmp_path)
    png = _taken(watched.page, element)
    path = folder / f"{name}.png"
    path.write_bytes(small_png(png))
    assert _colours(png) > 50


def _taken(page: Any, element: str | None) -> bytes:
    taken: bytes = page.locator(element).screenshot() if element else page.screenshot()
    return taken


def _colours(png: bytes) -> int:
    from PIL import Image

    return len(Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 24) or [])
