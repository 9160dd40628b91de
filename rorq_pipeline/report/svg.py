"""Small still pictures as SVG text, for paper and for the index page.

They take their colours from the page's style sheet. Every number is formatted here and the only
text is given by the caller and escaped.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate

from markupsafe import Markup, escape

# Of the equity chart, in pixels: where the curve begins and ends, and all of it from top to bottom
_LEFT, _RIGHT, _HEIGHT = 62, 552, 160


def sparkline(values_usd: Sequence[float], *, label: str) -> Markup:
    """A line from 0 through the values, with the zero line; empty without values."""
    if not values_usd:
        return Markup("")
    width, height = 160, 40  # pixels
    points = [0.0, *(float(value) for value in values_usd)]
    to_y, _, _ = _scale(points, 2, height - 2)
    line = _path(points, lambda i: width * i / (len(points) - 1), to_y)
    zero = f"{to_y(0):.1f}"
    return Markup(  # noqa: S704  numbers of ours and one escaped label
        f'<svg class="sparkline" viewBox="0 0 {width} {height}" role="img" '
        f'preserveAspectRatio="none" aria-label="{escape(label)}">'
        f'<path class="zero" d="M0 {zero}H{width}"/><path class="line" d="{line}"/></svg>'
    )


def equity_chart(
    equity_usd: Sequence[float],
    *,
    label: str,
    first: str,
    last: str,
    border: tuple[int, str] | None = None,
) -> Markup:
    """The equity curve with its drawdown as an area, axis labels in dollars.

    Args:
        equity_usd: Cumulative, at least one value.
        label: What it shows, for who cannot see it.
        first: Words under the first point.
        last: Words under the last point.
        border: After how many values, and at which date, the choice was made; dotted after it.
    """
    if not equity_usd:
        return Markup("")
    points = [0.0, *(float(value) for value in equity_usd)]
    to_y, low, high = _scale(points, 8, _HEIGHT - 18)
    step = (_RIGHT - _LEFT) / (len(points) - 1)
    n_before = border[0] if border else len(equity_usd)
    line = _path(points[: n_before + 1], lambda i: _LEFT + step * i, to_y)
    after = _path(points[n_before:], lambda i: _LEFT + step * (i + n_before), to_y)
    peaks = list(accumulate(points, max))
    upper = _path(peaks, lambda i: _LEFT + step * i, to_y)
    back = "".join(
        f"L{_LEFT + step * i:.1f} {to_y(points[i]):.1f}" for i in range(len(points) - 1, -1, -1)
    )
    levels = [level for level in (low, high) if abs(to_y(level) - to_y(0.0)) > 14]
    ticks = "".join(_tick(level, to_y(level)) for level in (0.0, *levels))
    if border:
        ticks += _border(_LEFT + step * n_before, border[1])
    return Markup(  # noqa: S704  numbers of ours and escaped words
        f'<svg class="still" viewBox="0 0 {_RIGHT + 8} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{ticks}<path class="area" d="{upper}{back}Z"/>'
        f'<path class="line" d="{line}"/>'
        + (f'<path class="line after" d="{after}"/>' if border else "")
        + f'<text x="{_LEFT}" y="{_HEIGHT - 3}">{escape(first)}</text>'
        f'<text x="{_RIGHT}" y="{_HEIGHT - 3}" text-anchor="end">{escape(last)}</text>'
        "</svg>"
    )


def _border(x: float, words: str) -> str:
    """An upright line where the range ends, with its date unless another date stands there."""
    line = f'<path class="zero" d="M{x:.1f} 4V{_HEIGHT - 18}"/>'
    if not 140 < x < _RIGHT - 82:
        return line
    return f'{line}<text x="{x:.1f}" y="{_HEIGHT - 3}" text-anchor="middle">{escape(words)}</text>'


def _tick(value_usd: float, y: float) -> str:
    sign = "\u2212" if value_usd < 0 else ""
    return (
        f'<path class="zero" d="M{_LEFT} {y:.1f}H{_RIGHT}"/>'
        f'<text x="{_LEFT}" y="{y:.1f}" dx="-6" dy="3" text-anchor="end">'
        f"{sign}${abs(value_usd):,.0f}</text>"
    )


def _scale(
    points: Sequence[float], top: float, bottom: float
) -> tuple[Callable[[float], float], float, float]:
    """Dollars to heights; and the lowest and the highest of the points."""
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    return lambda v: bottom - (v - low) / span * (bottom - top), low, high


def _path(
    values: Sequence[float], to_x: Callable[[int], float], to_y: Callable[[float], float]
) -> str:
    return "M" + "L".join(f"{to_x(i):.1f} {to_y(v):.1f}" for i, v in enumerate(values))
