"""Reading a pickle without running it.

A pickle is a program: it names functions, and the unpickler calls them. Here a pickle gets nothing
to call. The few names that a stored pandas table needs stand for recorders, which note what they
were called with and do no more; every other name is refused, and nothing is imported for any. What
was noted is put together to a table in `legacy_frame`, by code of this project alone.
"""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Never, Self, cast

from strategy.errors import LegacyImportError

_REMEDY = "do not trust the file: remove it, and fetch its session again"


class _Sealed(type):
    """A class whose attributes a pickle cannot set."""

    def __setattr__(cls, name: str, value: object) -> Never:
        raise TypeError(f"{cls.__name__}.{name} is fixed")


class Recorder(metaclass=_Sealed):
    """What a pickle called or built under one admitted name: its arguments and its state."""

    __slots__ = ("arguments", "state")
    role: ClassVar[str] = ""

    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any) -> Self:
        """Note the arguments; nothing is done with them."""
        recorder = object.__new__(cls)
        object.__setattr__(recorder, "arguments", arguments)
        object.__setattr__(recorder, "state", None)
        return recorder

    def __setattr__(self, name: str, value: object) -> Never:
        raise TypeError(f"{name} is fixed")

    def __setstate__(self, state: Any) -> None:
        object.__setattr__(self, "state", state)


_ARRAYS = ("numpy.core", "numpy._core")  # numpy 1 and 2
_NAMES = {
    "table": ["pandas.core.frame.DataFrame", "pandas.DataFrame"],
    "blocks": [
        "pandas.core.internals.managers.BlockManager",
        "pandas._libs.internals.BlockManager",
    ],
    "block": [
        "pandas._libs.internals._unpickle_block",
        "pandas.core.internals.blocks.new_block",
    ],
    "index": ["pandas.core.indexes.base._new_Index"],
    "index class": [
        "pandas.core.indexes.base.Index",
        "pandas.Index",
        "pandas.core.indexes.range.RangeIndex",
        "pandas.RangeIndex",
        "pandas.core.indexes.numeric.Int64Index",
    ],
    "times": ["pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"],
    "times class": ["pandas.core.arrays.datetimes.DatetimeArray", "pandas.arrays.DatetimeArray"],
    "zoned time type": ["pandas.core.dtypes.dtypes.DatetimeTZDtype", "pandas.DatetimeTZDtype"],
    "time zone": ["pytz._p", "pytz._UTC", "datetime.timezone"],
    "date": ["datetime.date"],
    "duration": ["datetime.timedelta"],
    "slice": ["builtins.slice"],
    "number type": ["numpy.dtype"],
    "array class": ["numpy.ndarray"],
    "array": [f"{package}.multiarray._reconstruct" for package in _ARRAYS],
    "array of bytes": [f"{package}.numeric._frombuffer" for package in _ARRAYS],
    "number": [f"{package}.multiarray.scalar" for package in _ARRAYS],
}


def _recorders() -> Iterator[tuple[tuple[str, str], type[Recorder]]]:
    for role, full_names in _NAMES.items():
        kind = cast(
            "type[Recorder]",
            _Sealed(f"Recorder of {role}", (Recorder,), {"__slots__": (), "role": role}),
        )
        for full_name in full_names:
            module, _, name = full_name.rpartition(".")
            yield (module, name), kind


_ADMITTED = dict(_recorders())  # (module, name) -> recorder


class _NotAdmittedError(pickle.UnpicklingError):
    """A pickle asked for a name that is not admitted."""


class _Reader(pickle.Unpickler):
    """An unpickler for which the admitted names are all there is."""

    def find_class(self, module_name: str, global_name: str) -> type[Recorder]:
        try:
            return _ADMITTED[module_name, global_name]
        except KeyError:
            raise _NotAdmittedError(f"{module_name}.{global_name}"[:120]) from None


_BROKEN = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)  # what the unpickler raises on a damaged file


def read_records(path: Path) -> Any:
    """Return what a pickle holds: plain Python values, and recorders in place of all else.

    Raises:
        LegacyImportError: the file is empty or damaged, or names anything that is not admitted.
    """
    label = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            return _Reader(file, fix_imports=False).load()
    except _NotAdmittedError as error:
        raise LegacyImportError(
            f"{label} asks for {error}, which could run code",
            expected="only the parts of pandas, numpy and datetime that a stored table needs",
            remedy=_REMEDY,
        ) from None
    except OSError as error:
        raise LegacyImportError(
            f"{label} cannot be read ({error.strerror})",
            expected="a file that can be opened",
            remedy="correct its permissions, or remove it",
        ) from None
    except _BROKEN as error:
        raise LegacyImportError(
            f"{label} is {'empty' if path.stat().st_size == 0 else 'damaged or cut short'}"
            f" ({type(error).__name__})",
            expected="a whole pickle of a pandas table",
            remedy="remove it, and fetch its session again",
        ) from None
