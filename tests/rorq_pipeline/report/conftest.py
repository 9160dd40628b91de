"""One Chromium and one set of pages for all browser tests of the report."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rorq_pipeline.report import build_index, build_report
from tests.rorq_pipeline.report.browser import Watched, chromium
from tests.rorq_pipeline.report.fixtures import (
    complete_data,
    index_entries,
    minimal_data,
    walk_forward,
)

Opener = Callable[..., Watched]


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {
        "report": build_report(complete_data()),
        "minimal": build_report(minimal_data(trials=[])),
        "index": build_index(index_entries(), {"SPY": walk_forward()}),
        "empty": build_index([]),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture
def opened(browser: Any, pages: dict[str, Path]) -> Iterator[Opener]:
    contexts = []

    def open_page(name: str, size: tuple[int, int] = (1280, 900), scheme: str = "light") -> Watched:
        viewport = {"width": size[0], "height": size[1]}
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme))
        return Watched(contexts[-1].new_page()).open(pages[name])

    yield open_page
    for context in contexts:
        context.close()
