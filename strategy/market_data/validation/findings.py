"""What a rule is, and what it gives: findings with a severity, a count and an example."""

import datetime as dt
import inspect
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from strategy.errors import BadDataError, CacheError
from strategy.market_data.schema import FETCH_AGAIN
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import SessionView


class Severity(StrEnum):
    """Errors block every computation on the range; warnings are told."""

    ERROR = "error"
    WARNING = "warning"


class Family(StrEnum):
    """Groups of rules, each one check of the asset `validated_cache`."""

    FILES = "files"
    TIMESTAMPS = "timestamps"
    PRICES = "prices"
    CHAIN = "chain"
    MOVEMENT = "movement"
    COVERAGE = "coverage"
    QUOTES = "quotes"
    RANGE = "range"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One property of a session, of its range, or of its files.

    Rules without a check are decided where the files are read and where the range is put
    together; they are listed with the others, so that there is one list.
    """

    name: str
    family: Family
    severity: Severity
    meaning: str  # what is found when the rule is broken
    remedy: str
    error_class: type[CacheError] = BadDataError
    check: "Check | None" = None


Check = Callable[[SessionView, ValidationSettings], Iterable[Hit]]
LOOK = "compare with another source where results depend on it"


def rule(family: Family, severity: Severity, remedy: str = FETCH_AGAIN) -> Callable[[Check], Rule]:
    """Make a function a rule: its name is the rule's, its docstring what is found."""

    def make(check: Check) -> Rule:
        return Rule(
            name=check.__name__,
            family=family,
            severity=severity,
            meaning=" ".join((inspect.getdoc(check) or "").split()),
            remedy=remedy,
            check=check,
        )

    return make


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One broken rule in one file of one session."""

    date: dt.date
    rule: str
    family: Family
    severity: Severity
    file: str
    count: int
    example: str

    @classmethod
    def of(cls, rule: Rule, day: dt.date, hit: Hit, severity: Severity | None = None) -> Self:
        """Tell that `rule` is broken on `day`."""
        return cls(
            date=day,
            rule=rule.name,
            family=rule.family,
            severity=severity or rule.severity,
            file=hit.file,
            count=hit.count,
            example=hit.example,
        )

    @property
    def line(self) -> str:
        """One line for a terminal or a log."""
        where = f"{self.date}/{self.file}" if self.file else str(self.date)
        times = f" ({self.count:,} times)" if self.count > 1 else ""
        return f"{where} {self.rule}{times}: {self.example}"

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**asdict(self), "date": self.date.isoformat()}

    @classmethod
    def from_json_dict(cls, values: dict[str, Any]) -> Self:
        """Read what `to_json_dict` gave."""
        return cls(
            date=dt.date.fromisoformat(values["date"]),
            rule=values["rule"],
            family=Family(values["family"]),
            severity=Severity(values["severity"]),
            file=values["file"],
            count=int(values["count"]),
            example=values["example"],
        )
