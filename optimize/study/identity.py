"""StudyIdentity: what makes two studies the same study, and the name that follows from it.

Values measured on other data, by another engine or under other fixed parameters are never mixed,
because all of that is in the name. The knobs of the search (how many trials, which sampler, how
many workers) are not part of it: a study goes on under other knobs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimize.canonical_json import canonical_json
from strategy.backtest import ENGINE_VERSION
from strategy.date_range import DateRange
from strategy.errors import StudyMismatchError
from strategy.session import SessionData, data_fingerprint
from strategy.space import SearchSpace

DIGEST_LENGTH = 12  # hex digits of SHA-256 in a study's name


@dataclass(frozen=True, kw_only=True)
class StudyIdentity:
    """Everything that a study's values depend on, as JSON values."""

    base_name: str
    date_range: str  # the partition key, 2023-01-03_2023-01-31
    data_fingerprint: str  # SHA-256 over the range's files
    engine_version: str
    fixed_params: Mapping[str, Any]  # every strategy parameter that is not searched
    search_space: Mapping[str, Sequence[Any]]
    min_trade_threshold: int  # decides which combinations have a value at all

    @property
    def digest(self) -> str:
        """The first hex digits of SHA-256 over the canonical JSON of all fields."""
        return hashlib.sha256(canonical_json(self.as_attributes()).encode()).hexdigest()[
            :DIGEST_LENGTH
        ]

    @property
    def study_name(self) -> str:
        """The name in the database: base name, range and digest."""
        return f"{self.base_name}/{self.date_range}/{self.digest}"

    def as_attributes(self) -> dict[str, Any]:
        """The fields as the study's user attributes."""
        return {
            "base_name": self.base_name,
            "date_range": self.date_range,
            "data_fingerprint": self.data_fingerprint,
            "engine_version": self.engine_version,
            "fixed_params": dict(self.fixed_params),
            "search_space": {name: list(values) for name, values in self.search_space.items()},
            "min_trade_threshold": self.min_trade_threshold,
        }

    def verify(self, stored: Mapping[str, Any]) -> None:
        """Require that a stored study's user attributes are this identity's.

        Raises:
            StudyMismatchError: one of them differs.
        """
        for key, expected in self.as_attributes().items():
            found = stored.get(key)
            if canonical_json(found) != canonical_json(expected):
                raise StudyMismatchError(
                    f"study {self.study_name} was made with another {key}: {found!r}",
                    expected=repr(expected),
                    remedy="choose another study name, or set enable_persistence to false",
                )


def identify(
    *,
    base_name: str,
    date_range: DateRange,
    sessions: Sequence[SessionData],
    search_space: SearchSpace,
    fixed_params: Mapping[str, Any],
    min_trade_threshold: int,
) -> StudyIdentity:
    """Collect what a study's values depend on.

    Raises:
        ParameterError: a fixed parameter that the strategy does not admit.
    """
    return StudyIdentity(
        base_name=base_name,
        date_range=date_range.key,
        data_fingerprint=data_fingerprint(sessions),
        engine_version=ENGINE_VERSION,
        fixed_params=search_space.all_fixed_params(fixed_params),
        search_space=search_space.to_json_dict(),
        min_trade_threshold=min_trade_threshold,
    )
