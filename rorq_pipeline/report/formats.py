"""How values read: money, percent, times, parameter names; a missing value reads as a dash.

Negative numbers carry a true minus sign. Nothing here escapes HTML: the templates do.
"""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from markupsafe import Markup, escape

_FIGURE = re.compile(  # with its sign, and the word that says of what
    r"([+\u2212]?\$?\d[\d,]*(?:\.\d+)?%?"
    r"(?: (?:interval|months?|points|sessions?|times|trades?)\b)?)"
)
_HYPHEN_BEFORE_NUMBER = re.compile(r"(?<![\w.])-(?=[$\d])")
MISSING = EN_DASH = "\u2013"
MINUS = "\u2212"

PARAMETER_TITLES: Mapping[str, tuple[str, str]] = {  # name -> (words, unit)
    "entry_window": ("Entry window", "New York time"),
    "stretch_threshold": ("Stretch from VWAP", "%"),
    "reclaim_threshold": ("Reclaim to VWAP", "%"),
    "reclaim_percentage": ("Reclaim, of the stretch", "%"),
    "cooldown_period_seconds": ("Cooldown", "s"),
    "take_profit_percent": ("Take profit", "%"),
    "stop_loss_percent": ("Stop loss", "%"),
    "max_trade_duration_seconds": ("Longest trade", "s"),
    "strikes_depth": ("Strikes deep", ""),
    "option_selection_mode": ("Moneyness", ""),
}
_FRACTIONS = {"stretch_threshold", "reclaim_threshold", "reclaim_percentage"}

METRIC_TITLES: Mapping[str, tuple[str, str]] = {  # name -> (words, kind of value)
    "return_on_risk_percent": ("Return on risk", "percent"),
    "net_pnl_usd": ("Net P&L", "usd"),
    "total_trades": ("Trades", "count"),
    "win_rate_percent": ("Win rate", "percent"),
    "expectancy_usd": ("Expectancy per trade", "usd"),
    "avg_risk_per_trade_usd": ("Average risk per trade", "usd"),
    "profit_factor": ("Profit factor", "ratio"),
    "daily_sharpe": ("Daily Sharpe", "ratio"),
    "max_drawdown_usd": ("Largest drawdown", "usd"),
}


LARGEST_PROFIT_FACTOR = 1000  # beyond it there was next to no loss, and the number says no more


def is_missing(value: Any) -> bool:
    """Whether there is no value to show: None, NaN or infinite."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def number(value: float | None, digits: int = 2) -> str:
    """A plain number with thousands separated."""
    if is_missing(value):
        return MISSING
    return f"{value:z,.{digits}f}".replace("-", MINUS)  # z: no minus before a zero


def count(value: float | None) -> str:
    """A whole number with thousands separated."""
    return number(value, 0)


def usd(value: float | None, digits: int = 2) -> str:
    """Dollars: $1,234.50 or a true minus and $52.10."""
    text = number(value, digits)
    if text == MISSING:
        return text
    return f"{MINUS}${text[1:]}" if text.startswith(MINUS) else f"${text}"


def percent(value: float | None, digits: int = 1) -> str:
    """A value that is in percent already."""
    text = number(value, digits)
    return text if text == MISSING else f"{text}%"


def kept_words(fraction: float) -> str:
    """How much of a promise was kept."""
    if fraction > 1:
        return "more came than was promised"
    return f"{share(fraction) if fraction > 0 else 'none'} of the promise was kept"


def share(fraction: float | None, digits: int = 0) -> str:
    """A fraction, shown in percent."""
    return MISSING if fraction is None else percent(100 * fraction, digits)


def p_value(fraction: float | None) -> str:
    """A probability as statistics write it: = 0.12, = 0.004, < 0.001."""
    if fraction is None:
        return f"= {MISSING}"
    if fraction < 0.001:
        return "< 0.001"
    return f"= {number(fraction, 2 if fraction >= 0.1 else 3)}"


def true_minus(text: str) -> str:
    """A sentence whose negative numbers carry a true minus sign."""
    return _HYPHEN_BEFORE_NUMBER.sub(MINUS, text)


def whole_figures(text: str) -> Markup:
    """A sentence whose figures stand on one line each, with their sign and unit."""
    parts = _FIGURE.split(text)
    return Markup("").join(
        Markup('<span class="figure">{}</span>').format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )


def signed(text: str) -> str:
    """Put a plus before a positive value that is already formatted."""
    if text.startswith((MINUS, "+")) or not any(c in "123456789" for c in text):
        return text
    return f"+{text}"


def metric(name: str, value: float | None) -> str:
    """A metric's value in its own unit."""
    kind = METRIC_TITLES.get(name, ("", "ratio"))[1]
    if name == "profit_factor" and value is not None and value >= LARGEST_PROFIT_FACTOR:
        return f"over {count(LARGEST_PROFIT_FACTOR)}"
    return {"percent": percent, "usd": usd, "count": count, "ratio": number}[kind](value)


def metric_title(name: str) -> str:
    """A metric's name in words."""
    return METRIC_TITLES.get(name, (name.replace("_", " "), ""))[0]


def parameter(name: str, value: Any) -> str:
    """A parameter's value with its unit."""
    if isinstance(value, bool):
        return str(value)
    if name in _FRACTIONS and isinstance(value, (int, float)):
        return f"{number(100 * value, 3).rstrip('0').rstrip('.')}%"
    if isinstance(value, (int, float)):
        unit = PARAMETER_TITLES.get(name, ("", ""))[1]
        text = number(value, 6).rstrip("0").rstrip(".")
        return f"{text}%" if unit == "%" else f"{text} {unit}".strip()
    if name == "option_selection_mode":
        words = {"itm": "in the money", "otm": "out of the money", "atm": "at the money"}
        return words.get(str(value), str(value))
    return str(value).replace("-", EN_DASH) if name == "entry_window" else str(value)


def parameter_title(name: str) -> str:
    """A parameter's name in words."""
    return PARAMETER_TITLES.get(name, (name.replace("_", " "), ""))[0]


def rule_title(name: str) -> str:
    """The name of a rule of the validation in words."""
    return name.replace("_", " ").capitalize().replace("Vwap", "VWAP").replace("vwap", "VWAP")


def duration(seconds: float | None) -> str:
    """Seconds as 45 s or 4 min 05 s."""
    if seconds is None or is_missing(seconds):
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def day(value: date) -> str:
    """A date as 3 January 2023."""
    return f"{value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """A date for an axis: 3 Jan 23."""
    return f"{value.day} {value:%b %y}"


def span(first: date, last: date) -> str:
    """Two dates without repeating what they share: 3 to 31 January 2023."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{EN_DASH}{day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} {EN_DASH} {day(last)}"
    return f"{day(first)} {EN_DASH} {day(last)}"


def moment(value: datetime | None) -> str:
    """A moment to the minute, with its zone where it has one."""
    if value is None:
        return MISSING
    zone = f" {value.tzname()}" if value.tzinfo else ""
    return f"{day(value.date())}, {value:%H:%M}{zone}"


def plain(value: Any) -> str:
    """Any configuration value as text."""
    if isinstance(value, (time, date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    return str(value)
