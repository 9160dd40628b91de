"""build_report: data in, one self-contained HTML text out.

The page asks for nothing outside itself, which its own content security policy enforces. Values
reach it in two ways only: through autoescaped templates, and as JSON that cannot end its script.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from rorq_pipeline.report import formats
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.sections import SECTIONS

_STYLES = ("tokens.css", "page.css", "sections.css", "tables.css", "print.css")
_SCRIPTS = ("charts.js", "page.js", "surface.js", "trades.js", "trade_picture.js")
# Escapes as JSON knows them: a text can neither end the script nor be a line break in JavaScript.
_JSON_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def build_report(data: ReportData) -> str:
    """Return the whole page; the same data gives the same text."""
    sections = [make(data) for make in SECTIONS]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            sections=sections,
            styles=static_text(*_STYLES),
            plotly=Markup(get_plotlyjs()),  # noqa: S704  the library's own code, no input
            scripts=static_text(*_SCRIPTS),
            page_json=script_json(_page_values(sections)),
        )
    )


@cache
def environment() -> Environment:
    """The templates of this package, every value escaped, unknown names refused."""
    made = Environment(
        loader=PackageLoader("rorq_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(_filters())
    made.globals["formats"] = formats
    return made


def script_json(value: Any) -> Markup:
    """JSON to stand in a script element: no text in it can end the element."""
    text = json.dumps(_jsonable(value), ensure_ascii=False, separators=(",", ":"))
    for character, escape in _JSON_ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)  # noqa: S704  escaped for its place just above


def static_text(*names: str) -> Markup:
    """The package's own style sheets or scripts, joined."""
    folder = files("rorq_pipeline.report") / "static"
    texts = [(folder / name).read_text(encoding="utf-8") for name in names]
    return Markup("\n".join(texts))  # noqa: S704  files of this package, no input


def _page_values(sections: Sequence[Section]) -> dict[str, Any]:
    figures = {name: figure for section in sections for name, figure in section.figures.items()}
    values = {name: value for section in sections for name, value in section.values.items()}
    return {"figures": figures, **values}


def _filters() -> dict[str, Callable[..., Any]]:
    names = (
        "count", "day", "duration", "metric", "metric_title", "moment", "number", "parameter",
        "parameter_title", "percent", "plain", "rule_title", "share", "short_day", "signed",
        "true_minus", "usd", "whole_figures",
    )  # fmt: skip
    return {name: getattr(formats, name) for name in names}


def _jsonable(value: Any) -> Any:
    """Plain JSON values: numpy unwrapped, what is not finite null, whole floats kept short."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return _jsonable(value.tolist())
    return str(value)


def _short(value: float) -> float | int | None:
    """Six significant decimals are beyond what any chart shows."""
    if not math.isfinite(value):
        return None
    rounded = round(value, 6)
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
