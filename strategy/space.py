"""The search space: its dimensions, their values, and the arithmetic of its combinations.

Whoever wants to search another value, or another parameter of the strategy, changes `DIMENSIONS`
and nothing else. A dimension is a strategy parameter of the same name, but for two:
`entry_window` stands for two clock times, and `reclaim_percentage` for `reclaim_threshold` as a
fraction of `stretch_threshold`. Which dimensions the exact surface evaluates side by side, and how
it stores them, is its own affair: `strategy.surface.layout`.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, Self

from strategy.errors import ParameterError
from strategy.grid import Grid
from strategy.params import StrategyParams

DimensionValue = str | int | float
_WINDOW = re.compile(r"(\d{2}:\d{2}(?::\d{2})?)\s*-\s*(\d{2}:\d{2}(?::\d{2})?)")


@dataclass(frozen=True)
class Dimension:
    """One dimension of the search, and the values that the seed's search gives it."""

    name: str
    seed_values: tuple[DimensionValue, ...]
    is_ordered: bool = True  # numbers, of which one can lie next to another; else texts
    decides: tuple[str, ...] = ()  # strategy parameters, where they are not the one of its name

    @property
    def parameters(self) -> tuple[str, ...]:
        """The strategy parameters that a value of this dimension decides."""
        return self.decides or (self.name,)


DIMENSIONS = (
    Dimension(
        "entry_window",
        ("09:30-10:30", "09:30-12:00", "12:00-15:00", "15:00-15:45", "09:30-15:45"),
        is_ordered=False,
        decides=("entry_start_time", "entry_end_time"),
    ),
    Dimension(
        "stretch_threshold",
        (0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.01, 0.015, 0.02),
    ),
    Dimension("reclaim_percentage", (0.4, 0.5, 0.6, 0.7, 0.8), decides=("reclaim_threshold",)),
    Dimension("cooldown_period_seconds", (60, 90, 120, 180, 300, 600)),
    Dimension("take_profit_percent", (25, 35, 50, 60, 70, 80, 90, 100)),
    Dimension("stop_loss_percent", (-25, -35, -50, -60, -70, -80, -90, -100)),
    Dimension("max_trade_duration_seconds", (60, 120, 180, 240, 300, 600)),
    Dimension("strikes_depth", (1,)),
    Dimension("option_selection_mode", ("itm", "otm"), is_ordered=False),
)
_BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}
DIMENSION_NAMES = tuple(_BY_NAME)
SEARCHED_PARAMETERS = frozenset(name for one in DIMENSIONS for name in one.parameters)


class SearchSpace(Mapping[str, tuple[DimensionValue, ...]]):
    """The values of every dimension, in the order of `DIMENSIONS`.

    A combination is a dict with one value a dimension. Its index counts with the last dimension
    fastest, as a C-ordered array of shape `shape` does.

    Args:
        dimensions: Values by name; a dimension that is not named keeps the seed's.

    Raises:
        ParameterError: an unknown dimension, an empty or repeated value, or a value that the
            strategy does not admit.
    """

    def __init__(self, dimensions: Mapping[str, Sequence[DimensionValue]]) -> None:
        for name in dimensions:
            _require_known(name)
        self._values = {
            dimension.name: _checked_values(
                dimension, dimensions.get(dimension.name, dimension.seed_values)
            )
            for dimension in DIMENSIONS
        }
        self.grid = Grid(
            shape=tuple(len(values) for values in self._values.values()),
            ordered=tuple(dimension.is_ordered for dimension in DIMENSIONS),
        )
        self._positions = {
            name: {value: position for position, value in enumerate(values)}
            for name, values in self._values.items()
        }
        self.require_admitted()

    @classmethod
    def seed(cls) -> Self:
        """The combinations that the predecessor searched."""
        return cls({})

    @classmethod
    def from_mapping(cls, dimensions: Mapping[str, Sequence[DimensionValue]]) -> Self:
        """Take the seed's values for every dimension that is not named."""
        return cls(dimensions)

    @classmethod
    def from_json_dict(cls, values: Mapping[str, Sequence[DimensionValue]]) -> Self:
        """Read what `to_json_dict` gave.

        Raises:
            ParameterError: as the constructor, and for a record that lacks a dimension.
        """
        absent = [name for name in DIMENSION_NAMES if name not in values]
        if absent:
            raise ParameterError(
                f"a recorded search space without {absent[0]}",
                expected=f"values for {', '.join(DIMENSION_NAMES)}",
                remedy="make anew what another version of the program recorded",
            )
        return cls(values)

    @classmethod
    def of(cls, params: StrategyParams) -> Self:
        """Return the space of one parameter set alone."""
        values = params.model_dump()
        values["entry_window"] = (
            f"{params.entry_start_time:%H:%M:%S}-{params.entry_end_time:%H:%M:%S}"
        )
        values["reclaim_percentage"] = _exact_quotient(
            params.reclaim_threshold, params.stretch_threshold
        )
        return cls({name: [values[name]] for name in DIMENSION_NAMES})

    @classmethod
    def from_toml(cls, path: Path | str) -> Self:
        """Read dimensions from a TOML file, one array a dimension; others keep the seed's values.

        Raises:
            ParameterError: the file is absent or no TOML, or a dimension is refused.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
            return cls(tomllib.loads(text))
        except OSError as error:
            raise ParameterError(
                f"search space file {path} cannot be read ({error.strerror})",
                expected="a TOML file with one array a dimension",
                remedy="correct the path",
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ParameterError(
                f"search space file {path} is no TOML ({error})",
                expected="lines such as stretch_threshold = [0.001, 0.002]",
                remedy="correct the file",
            ) from None

    def replacing(self, **dimensions: Sequence[DimensionValue]) -> Self:
        """Return a copy with some dimensions' values replaced."""
        return type(self)({**self._values, **dimensions})

    def __getitem__(self, name: str) -> tuple[DimensionValue, ...]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"SearchSpace({self.size:,} combinations)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._values == other._values

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """Dimension names in order."""
        return DIMENSION_NAMES

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each dimension."""
        return self.grid.shape

    @property
    def size(self) -> int:
        """Number of combinations."""
        return self.grid.size

    def is_ordered(self, name: str) -> bool:
        """Whether one value of a dimension can lie next to another."""
        return _BY_NAME[name].is_ordered

    def axis(self, name: str) -> int:
        """Return the axis of a dimension in an array over the space."""
        _require_known(name)
        return DIMENSION_NAMES.index(name)

    def position(self, name: str, value: Any) -> int:
        """Return the place of a value in its dimension.

        Raises:
            ParameterError: the dimension does not have it.
        """
        try:
            return self._positions[name][value]
        except (KeyError, TypeError):
            _require_known(name)
            raise ParameterError(
                f"{name} is {value!r}",
                expected=f"one of {', '.join(str(v) for v in self._values[name])}",
                remedy="choose a value of the search space, or extend the space",
            ) from None

    def combination(self, index: int) -> dict[str, DimensionValue]:
        """Return the combination with this index."""
        if not 0 <= index < self.size:
            raise ParameterError(
                f"combination index {index}",
                expected=f"0 <= index < {self.size}",
                remedy="choose an index of this space",
            )
        position = self.grid.position(index)
        return {
            name: values[place]
            for (name, values), place in zip(self._values.items(), position, strict=True)
        }

    def index_of(self, combination: Mapping[str, Any]) -> int:
        """Return the index of a combination.

        Raises:
            ParameterError: a dimension is absent or its value is not in the space.
        """
        return self.grid.flat([self.position(name, combination.get(name)) for name in self._values])

    def strategy_params(
        self, combination: Mapping[str, Any], fixed: Mapping[str, Any] | None = None
    ) -> StrategyParams:
        """Turn a combination into strategy parameters; `fixed` sets those that are not searched."""
        return strategy_params(combination, fixed)

    def all_fixed_params(self, fixed: Mapping[str, Any] | None) -> dict[str, Any]:
        """Every strategy parameter that is not searched, defaults included, as JSON values.

        Raises:
            ParameterError: one that the strategy does not admit, or that is searched.
        """
        return not_searched(strategy_params(self.combination(0), fixed).to_json_dict())

    def to_json_dict(self) -> dict[str, list[DimensionValue]]:
        """All dimensions as JSON arrays, for identities and records."""
        return {name: list(values) for name, values in self._values.items()}

    def require_admitted(self, fixed: Mapping[str, Any] | None = None) -> None:
        """Require that each value, beside the first of the other dimensions, is admitted.

        Raises:
            ParameterError: the strategy refuses a value, or one of `fixed`.
        """
        first = self.combination(0)
        for name, values in self._values.items():
            for value in values:
                strategy_params({**first, name: value}, fixed)


def strategy_params(
    combination: Mapping[str, Any], fixed: Mapping[str, Any] | None = None
) -> StrategyParams:
    """Turn one value a dimension into StrategyParams.

    Args:
        combination: A value for each dimension of a search space.
        fixed: Strategy parameters that are not searched; the rest keep their defaults.

    Raises:
        ParameterError: a value that the strategy does not admit, or one given twice.
    """
    values = dict(combination)
    start, end = parse_entry_window(values.pop("entry_window"))
    percentage = values.pop("reclaim_percentage")
    if not isinstance(percentage, int | float) or not 0 <= percentage <= 1:
        raise ParameterError(
            f"reclaim_percentage is {percentage!r}",
            expected="a fraction of stretch_threshold from 0 to 1",
            remedy="correct reclaim_percentage",
        )
    values["entry_start_time"], values["entry_end_time"] = start, end
    values["reclaim_threshold"] = percentage * values["stretch_threshold"]
    twice = values.keys() & (fixed or {}).keys()
    if twice:
        raise ParameterError(
            f"{min(twice)} is both searched and fixed",
            expected="one of the two",
            remedy="remove it from the fixed parameters, or give the dimension a single value",
        )
    return StrategyParams(**values, **(fixed or {}))


def parse_entry_window(text: Any) -> tuple[time, time]:
    """Split an entry window such as 09:30-10:30 into its first and last moment.

    Raises:
        ParameterError: the text is no window.
    """
    found = _WINDOW.fullmatch(text) if isinstance(text, str) else None
    try:
        if found is not None:
            return time.fromisoformat(found[1]), time.fromisoformat(found[2])
    except ValueError:
        pass
    raise ParameterError(
        f"entry_window is {text!r}",
        expected="two New York wall times such as 09:30-10:30",
        remedy="correct entry_window",
    )


def not_searched(params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some strategy parameters that no combination decides."""
    return {name: value for name, value in params.items() if name not in SEARCHED_PARAMETERS}


def _require_known(name: str) -> None:
    if name not in _BY_NAME:
        raise ParameterError(
            f"unknown search dimension {name!r}",
            expected=f"one of {', '.join(DIMENSION_NAMES)}",
            remedy="correct the name",
        )


def _exact_quotient(reclaim_threshold: float, stretch_threshold: float) -> float:
    """The reclaim percentage whose product with the stretch threshold is the reclaim threshold."""
    quotient = reclaim_threshold / stretch_threshold
    neighbours = (quotient, math.nextafter(quotient, 0), math.nextafter(quotient, 2))
    exact = (q for q in neighbours if q * stretch_threshold == reclaim_threshold)
    return next(exact, quotient)


def _checked_values(
    dimension: Dimension, values: Sequence[DimensionValue]
) -> tuple[DimensionValue, ...]:
    name = dimension.name
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise ParameterError(
            f"search dimension {name} is {values!r}",
            expected="a list of at least one value",
            remedy=f"give {name} its values",
        )
    admitted = (int, float) if dimension.is_ordered else (str,)
    for value in values:
        if not isinstance(value, admitted) or isinstance(value, bool):
            raise ParameterError(
                f"search dimension {name} has the value {value!r}",
                expected="numbers" if dimension.is_ordered else "texts",
                remedy=f"correct the values of {name}",
            )
    values = [_plain_number(value) for value in values]
    if len(set(values)) != len(values):
        raise ParameterError(
            f"search dimension {name} repeats a value: {list(values)}",
            expected="every value once",
            remedy="remove the repetition",
        )
    sizes = [abs(value) for value in values if not isinstance(value, str)]
    if sizes != sorted(sizes):
        raise ParameterError(
            f"search dimension {name} is not in order: {list(values)}",
            expected="numbers of growing size, since neighbours are compared",
            remedy=f"sort the values of {name}",
        )
    return tuple(values)


def _plain_number(value: DimensionValue) -> DimensionValue:
    """Write 25.0 as 25, so that equal spaces are the same search and the same study."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
