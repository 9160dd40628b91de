"""SearchSpace: dimension name -> the values tried, and the way from a trial to StrategyParams.

It is data: the seed's space stands below, a TOML file or run config replaces any dimension. Two
dimensions are no strategy parameters themselves: `entry_window` stands for two clock times, and
`reclaim_percentage` for `reclaim_threshold` as a fraction of `stretch_threshold`.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from strategy.errors import ParameterError
from strategy.params import StrategyParams, parse_entry_window

DimensionValue = str | int | float
ENTRY_DIMENSIONS = (
    "entry_window",
    "stretch_threshold",
    "reclaim_percentage",
    "cooldown_period_seconds",
)
EXIT_DIMENSIONS = ("take_profit_percent", "stop_loss_percent", "max_trade_duration_seconds")
CHOICE_DIMENSIONS = ("strikes_depth", "option_selection_mode")
DIMENSION_NAMES = ENTRY_DIMENSIONS + EXIT_DIMENSIONS + CHOICE_DIMENSIONS
CATEGORICAL_DIMENSIONS = frozenset({"entry_window", "option_selection_mode"})  # without order

SEED_DIMENSIONS: dict[str, tuple[DimensionValue, ...]] = {
    "entry_window": ("09:30-10:30", "09:30-12:00", "12:00-15:00", "15:00-15:45", "09:30-15:45"),
    "stretch_threshold": (
        0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.01, 0.015, 0.02,
    ),
    "reclaim_percentage": (0.4, 0.5, 0.6, 0.7, 0.8),
    "cooldown_period_seconds": (60, 90, 120, 180, 300, 600),
    "take_profit_percent": (25, 35, 50, 60, 70, 80, 90, 100),
    "stop_loss_percent": (-25, -35, -50, -60, -70, -80, -90, -100),
    "max_trade_duration_seconds": (60, 120, 180, 240, 300, 600),
    "strikes_depth": (1,),
    "option_selection_mode": ("itm", "otm"),
}  # fmt: skip


class SearchSpace(Mapping[str, tuple[DimensionValue, ...]]):
    """The values of every dimension, in the seed's order of dimensions.

    A combination is a dict with one value a dimension. Its index counts with the last dimension
    fastest, as a C-ordered array of shape `shape` does.

    Raises:
        ParameterError: an unknown dimension, an empty or repeated value, or a value that the
            strategy does not admit.
    """

    def __init__(self, dimensions: Mapping[str, Sequence[DimensionValue]]) -> None:
        unknown = set(dimensions) - set(SEED_DIMENSIONS)
        if unknown:
            raise ParameterError(
                f"unknown search dimension {min(unknown)!r}",
                expected=f"one of {', '.join(SEED_DIMENSIONS)}",
                remedy="correct the name",
            )
        self._values = {
            name: _checked_values(name, dimensions.get(name, seed_values))
            for name, seed_values in SEED_DIMENSIONS.items()
        }
        self._check_with_strategy()

    @classmethod
    def seed(cls) -> Self:
        """The 1,267,200 combinations that the predecessor searched."""
        return cls({})

    @classmethod
    def from_mapping(cls, dimensions: Mapping[str, Sequence[DimensionValue]]) -> Self:
        """Take the seed's values for every dimension that is not named."""
        return cls(dimensions)

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
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
        return tuple(self._values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each dimension."""
        return tuple(len(values) for values in self._values.values())

    @property
    def size(self) -> int:
        """Number of combinations."""
        return math.prod(self.shape)

    def is_ordered(self, name: str) -> bool:
        """Whether one value of a dimension can lie next to another."""
        return name not in CATEGORICAL_DIMENSIONS

    def combination(self, index: int) -> dict[str, DimensionValue]:
        """Return the combination with this index."""
        if not 0 <= index < self.size:
            raise ParameterError(
                f"combination index {index}",
                expected=f"0 <= index < {self.size}",
                remedy="choose an index of this space",
            )
        chosen: dict[str, DimensionValue] = {}
        for name in reversed(self.names):
            index, position = divmod(index, len(self._values[name]))
            chosen[name] = self._values[name][position]
        return {name: chosen[name] for name in self.names}

    def index_of(self, combination: Mapping[str, Any]) -> int:
        """Return the index of a combination.

        Raises:
            ParameterError: a dimension is absent or its value is not in the space.
        """
        index = 0
        for name, values in self._values.items():
            value = combination.get(name)
            if value not in values:
                raise ParameterError(
                    f"{name} is {value!r}",
                    expected=f"one of {', '.join(str(v) for v in values)}",
                    remedy="choose a value of the search space, or extend the space",
                )
            index = index * len(values) + values.index(value)
        return index

    def strategy_params(
        self, combination: Mapping[str, Any], fixed: Mapping[str, Any] | None = None
    ) -> StrategyParams:
        """Turn a combination into strategy parameters; `fixed` sets those that are not searched."""
        return strategy_params(combination, fixed)

    def to_json_dict(self) -> dict[str, list[DimensionValue]]:
        """All dimensions as JSON arrays, for identities and records."""
        return {name: list(values) for name, values in self._values.items()}

    def _check_with_strategy(self) -> None:
        """Require that each value, beside the first of the other dimensions, is admitted."""
        first = {name: values[0] for name, values in self._values.items()}
        for name, values in self._values.items():
            for value in values:
                strategy_params({**first, name: value})


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


def _checked_values(name: str, values: Sequence[DimensionValue]) -> tuple[DimensionValue, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise ParameterError(
            f"search dimension {name} is {values!r}",
            expected="a list of at least one value",
            remedy=f"give {name} its values",
        )
    admitted = (str,) if name in CATEGORICAL_DIMENSIONS else (int, float)
    for value in values:
        if not isinstance(value, admitted) or isinstance(value, bool):
            raise ParameterError(
                f"search dimension {name} has the value {value!r}",
                expected="texts" if name in CATEGORICAL_DIMENSIONS else "numbers",
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
