"""Section: what one part of the report hands to its template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Figure = Mapping[str, Any]  # plotly's {"data": [...], "layout": {...}}, colours as --names

_SCREEN_ONLY = ("policies", "study", "outcomes", "trades")


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the report; with `absent`, only that sentence is shown."""

    id: str  # anchor, and the name of the template: templates/sections/<id>.html.j2
    title: str
    context: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)  # for the page's scripts, as JSON
    absent: str = ""

    @property
    def printed(self) -> bool:
        """Whether the two printed pages show it."""
        return self.id not in _SCREEN_ONLY
